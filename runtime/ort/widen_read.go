package ort

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// widenedWeights are the float32 weights of a session, in one block outside of Go's heap: a collector that counted them would
// let as much garbage pile up.
type widenedWeights struct {
	names  []string
	values []Value
	block  []byte
}

// alignment of each weight in bytes, that of the widest vector loads.
const alignment = 64

// widen reads the weights and converts them on several threads.
func widen(ctx context.Context, all []widening, threads int) (w widenedWeights, err error) {
	if len(all) == 0 {
		return w, nil
	}
	defer func() {
		if err != nil {
			w.free()
		}
	}()
	files := map[string]*os.File{}
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	places := make([]int64, len(all)+1)
	for i, one := range all {
		if files[one.path] == nil {
			if files[one.path], err = os.Open(one.path); err != nil {
				return w, fmt.Errorf("weight %s: %w", one.name, err)
			}
		}
		places[i+1] = (places[i] + 4*one.count() + alignment - 1) &^ (alignment - 1)
	}
	bytes := places[len(all)]
	w.block, err = unix.Mmap(-1, 0, int(bytes), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return w, fmt.Errorf("memory for %d bytes of weights: %w", bytes, err)
	}
	into := make([][]float32, len(all))
	for i, one := range all {
		into[i] = unsafe.Slice((*float32)(unsafe.Pointer(&w.block[places[i]])), one.count())
		shape := make([]int, len(one.shape))
		for d, size := range one.shape {
			shape[d] = int(size)
		}
		w.names, w.values = append(w.names, one.as), append(w.values, FromFloat32(into[i], shape...))
	}
	var next atomic.Int64
	problems := make([]error, threads)
	var workers sync.WaitGroup
	for thread := range threads {
		workers.Go(func() {
			buffer, spare := make([]byte, 1<<18), new([2][]float32)
			for i := next.Add(1) - 1; int(i) < len(all) && problems[thread] == nil; i = next.Add(1) - 1 {
				problems[thread] = all[i].read(ctx, files[all[i].path], into[i], buffer, spare)
			}
		})
	}
	workers.Wait()
	if slices.ContainsFunc(all, func(one widening) bool { return len(one.steps) > 0 }) {
		debug.FreeOSMemory() // the steps' memory, some 200 MB a thread
	}
	return w, errors.Join(problems...)
}

// free gives the memory back; no run may be under way.
func (w *widenedWeights) free() {
	if w.block != nil {
		_ = unix.Munmap(w.block)
	}
	*w = widenedWeights{}
}

// read converts one weight in pieces that fit buffer, and does what its derivation says.
func (w widening) read(ctx context.Context, file *os.File, into []float32, buffer []byte, spare *[2][]float32) error {
	if len(w.steps) == 0 {
		return w.convert(ctx, file, into, buffer)
	}
	values := sized(&spare[0], w.length/int64(w.dtype.Size()))
	if err := w.convert(ctx, file, values, buffer); err != nil {
		return err
	}
	for i, s := range w.steps {
		to := into
		if i < len(w.steps)-1 {
			to = sized(&spare[(i+1)%2], s.count(int64(len(values))))
		}
		s.run(values, to)
		values = to
	}
	return nil
}

// sized is a slice of n elements in memory that is used again.
func sized(memory *[]float32, n int64) []float32 {
	if int64(cap(*memory)) < n {
		*memory = make([]float32, n)
	}
	return (*memory)[:n]
}

func (w widening) convert(ctx context.Context, file *os.File, into []float32, buffer []byte) error {
	width := w.dtype.Size()
	for at := w.offset; len(into) > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		piece := buffer[:min(len(buffer), width*len(into))]
		if _, err := file.ReadAt(piece, at); err != nil {
			return fmt.Errorf("weight %s: %d bytes at %d of %s: %w", w.name, len(piece), at, w.path, err)
		}
		toFloat32(into, piece, w.dtype)
		into, at = into[len(piece)/width:], at+int64(len(piece))
	}
	return nil
}

// toFloat32 converts little-endian values of a 16-bit or 32-bit float type; the results are exact.
func toFloat32(into []float32, raw []byte, t DType) {
	if t == Float32 {
		for i := range into[:len(raw)/4] {
			into[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
		return
	}
	into = slices.Clip(into[:len(raw)/2])
	if t == BFloat16 {
		for i := range into {
			into[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16)
		}
		return
	}
	table := halves()
	for i := range into {
		into[i] = table[binary.LittleEndian.Uint16(raw[2*i:])]
	}
}

// halves is the float32 of every half precision number: 256 KiB, which stay in the second-level cache.
var halves = sync.OnceValue(func() *[1 << 16]float32 {
	table := new([1 << 16]float32)
	for i := range table {
		bits := uint32(i)
		sign, rest := bits>>15<<31, bits&0x7fff<<13
		if bits&0x7c00 == 0x7c00 { // infinity or not a number: the exponent stays the largest
			table[i] = math.Float32frombits(sign | rest | 0x7f800000)
			continue
		}
		// Exponents differ by 127-15; multiplying does the right thing for subnormal numbers too.
		table[i] = math.Float32frombits(sign | math.Float32bits(math.Float32frombits(rest)*0x1p112))
	}
	return table
})
