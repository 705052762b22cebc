package machine

import (
	"context"
	"encoding/csv"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// GPU is a graphics card of NVIDIA. Sizes are bytes.
type GPU struct {
	Name                    string
	MemoryTotal, MemoryFree int64
}

const (
	gpuTime = 5 * time.Second // for nvidia-smi to answer
	gpuAge  = time.Second     // of an answer that is used again
)

var gpuCache struct {
	sync.Mutex
	read map[int]gpuReading
}

type gpuReading struct {
	gpu GPU
	err error
	at  time.Time
}

// ReadGPU asks nvidia-smi, which comes with the driver, for a card by its number. Answers are a second old at most.
func ReadGPU(index int) (GPU, error) {
	gpuCache.Lock()
	defer gpuCache.Unlock()
	if r, ok := gpuCache.read[index]; ok && time.Since(r.at) < gpuAge {
		return r.gpu, r.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), gpuTime)
	defer cancel()
	text, err := exec.CommandContext(ctx, "nvidia-smi", "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits", "-i", strconv.Itoa(index)).Output()
	r := gpuReading{err: err, at: time.Now()}
	if err == nil {
		r.gpu, r.err = parseGPU(string(text))
	} else {
		r.err = fmt.Errorf("nvidia-smi: %w", err)
	}
	if gpuCache.read == nil {
		gpuCache.read = map[int]gpuReading{}
	}
	gpuCache.read[index] = r
	return r.gpu, r.err
}

// parseGPU reads a line "name, total, free" with sizes in MiB.
func parseGPU(text string) (GPU, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.TrimLeadingSpace = true
	fields, err := r.Read()
	if err != nil || len(fields) != 3 {
		return GPU{}, fmt.Errorf("nvidia-smi: %q is no line of name, total and free memory", text)
	}
	g := GPU{Name: fields[0]}
	for i, size := range []*int64{&g.MemoryTotal, &g.MemoryFree} {
		n, err := strconv.ParseInt(fields[i+1], 10, 64)
		if err != nil || n < 0 || n > 1<<40 {
			return GPU{}, fmt.Errorf("nvidia-smi: %q is no number of MiB", fields[i+1])
		}
		*size = n << 20
	}
	return g, nil
}
