package bench

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
)

// WeightsOptions of WriteWeights; the zero value writes float16 with seed 0.
type WeightsOptions struct {
	Seed     uint64
	Float32  bool                    // instead of float16, twice the size
	SDXL     bool                    // the UNet of SDXL alone, 2567 M values, instead of all of SD 1.5
	Progress func(done, total int64) // called with bytes written; may be nil
}

// WriteWeights writes a .safetensors file with random weights in the sizes and under the names of a Stable Diffusion 1.5
// checkpoint: UNet (860 M values), VAE (84 M) and CLIP-L (123 M), 2.1 GB in float16. The same seed and type give the same
// bytes everywhere. The file appears under its name when it is complete; cancelling ctx leaves nothing behind.
func WriteWeights(ctx context.Context, path string, o WeightsOptions) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("bench weights: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("bench weights: %w", err), os.Remove(file.Name()))
		}
	}()
	out := bufio.NewWriterSize(file, 1<<20)
	all := sd15()
	if o.SDXL {
		all = sdxlUNet()
	}
	err = writeWeights(ctx, out, all, o)
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = file.Chmod(0o644)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// writeWeights writes the header and then one tensor after the other, in the order of all.
func writeWeights(ctx context.Context, out io.Writer, all []weight, o WeightsOptions) error {
	header, total, err := weightsHeader(all, o.Float32)
	if err != nil {
		return err
	}
	if err := binary.Write(out, binary.LittleEndian, uint64(len(header))); err != nil {
		return err
	}
	if _, err := out.Write(header); err != nil {
		return err
	}
	var done int64
	buffer := make([]byte, 1<<20)
	for i, w := range all {
		values := newSource(w, o.Seed+uint64(i)<<32, o.Float32)
		for left := w.bytes(o.Float32); left > 0; {
			if err := ctx.Err(); err != nil {
				return err
			}
			chunk := buffer[:min(left, int64(len(buffer)))]
			values.fill(chunk)
			if _, err := out.Write(chunk); err != nil {
				return err
			}
			left -= int64(len(chunk))
			done += int64(len(chunk))
			if o.Progress != nil {
				o.Progress(done, total)
			}
		}
	}
	return nil
}

// weightsHeader is the JSON header of the file, padded to a multiple of 8 bytes, and the bytes of all values.
func weightsHeader(all []weight, float32s bool) (header []byte, total int64, err error) {
	type entry struct {
		DType   string   `json:"dtype"`
		Shape   []int    `json:"shape"`
		Offsets [2]int64 `json:"data_offsets"`
	}
	entries := make(map[string]any, len(all)+1)
	entries["__metadata__"] = map[string]string{"format": "pt"}
	for _, w := range all {
		from := total
		total += w.bytes(float32s)
		entries[w.name] = entry{w.dtype(float32s), w.shape, [2]int64{from, total}}
	}
	if header, err = json.Marshal(entries); err != nil {
		return nil, 0, err
	}
	for len(header)%8 != 0 {
		header = append(header, ' ')
	}
	return header, total, nil
}

func (w weight) count() int64 {
	n := int64(1)
	for _, d := range w.shape {
		n *= int64(d)
	}
	return n
}

func (w weight) dtype(float32s bool) string {
	switch {
	case w.kind == positions:
		return "I64"
	case float32s:
		return "F32"
	}
	return "F16"
}

func (w weight) bytes(float32s bool) int64 {
	bits, _ := strconv.Atoi(w.dtype(float32s)[1:])
	return w.count() * int64(bits) / 8
}

// source draws the values of one weight as little-endian bytes. A value is one of 4096 levels of a uniform distribution,
// looked up: that is ten times faster than converting each, and no measurement can tell.
type source struct {
	state  uint64
	levels [1 << levelBits]uint32 // the bits of the stored type
	width  int                    // bytes per value
	next   uint64                 // next whole number, for positions
}

const levelBits = 12

func newSource(w weight, seed uint64, float32s bool) *source {
	s := &source{state: seed, width: int(w.bytes(float32s) / w.count())}
	mean, deviation := 0.0, 0.0
	switch w.kind {
	case matrix:
		deviation = math.Sqrt(float64(w.shape[0]) / float64(w.count()))
	case embedding:
		deviation = 0.02
	case gain:
		mean = 1
	case bias:
		deviation = 0.01
	}
	for i := range s.levels {
		uniform := (2*float64(i)+1)/float64(len(s.levels)) - 1           // variance 1/3
		value := float32(mean + float64(math.Sqrt(3)*deviation*uniform)) // the conversion forbids a fused, so different, sum
		if s.width == 2 {
			s.levels[i] = uint32(float16Bits(value))
		} else {
			s.levels[i] = math.Float32bits(value)
		}
	}
	return s
}

// fill writes whole values; len(b) is a multiple of the width.
func (s *source) fill(b []byte) {
	switch s.width {
	case 8:
		for ; len(b) > 0; b = b[8:] {
			binary.LittleEndian.PutUint64(b, s.next)
			s.next++
		}
	case 4:
		for ; len(b) > 0; b = b[4:] {
			binary.LittleEndian.PutUint32(b, s.levels[s.random()>>(64-levelBits)])
		}
	case 2:
		for ; len(b) >= 8; b = b[8:] {
			r := s.random()
			const mask = 1<<levelBits - 1
			binary.LittleEndian.PutUint64(b, uint64(s.levels[r>>52])|uint64(s.levels[r>>40&mask])<<16|
				uint64(s.levels[r>>28&mask])<<32|uint64(s.levels[r>>16&mask])<<48)
		}
		for ; len(b) > 0; b = b[2:] {
			binary.LittleEndian.PutUint16(b, uint16(s.levels[s.random()>>(64-levelBits)]))
		}
	}
}

// random is one step of SplitMix64 (Steele et al. 2014): any seed will do, also neighbouring ones.
func (s *source) random() uint64 {
	s.state += 0x9e3779b97f4a7c15
	z := s.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// float16Bits rounds a finite value below 65504 to the nearest half precision number, ties to even.
func float16Bits(f float32) uint16 {
	bits := math.Float32bits(f)
	sign, exponent, fraction := uint16(bits>>16&0x8000), int(bits>>23&0xff)-127+15, bits&0x7fffff
	if exponent <= 0 { // subnormal: the value in units of 2^-24
		return sign | uint16(math.RoundToEven(math.Abs(float64(f))*(1<<24)))
	}
	half := uint32(exponent)<<10 | fraction>>13
	if rest := fraction & 0x1fff; rest > 0x1000 || rest == 0x1000 && half&1 == 1 {
		half++ // a carry into the exponent is the right result
	}
	return sign | uint16(half)
}
