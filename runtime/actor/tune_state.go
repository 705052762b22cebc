package actor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// state is a training that can go on: the trained values and the optimiser's averages in one file.
type state struct {
	path    string
	trainer *trainer
}

// statePath is the file of a training with that key.
func statePath(folder, key string) string { return filepath.Join(folder, "tuning-"+key+".safetensors") }

// stateFormat is the version of the file.
const stateFormat = "1"

// save replaces the file when the new one is complete.
func (s *state) save(ctx context.Context, steps int, losses []float32) error {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o777); err != nil {
		return fmt.Errorf("keep the state of tuning: %w", err)
	}
	if err := s.trainer.fetch(); err != nil {
		return fmt.Errorf("keep the state of tuning: %w", err)
	}
	t, err := tensor.From(losses[:steps], steps)
	if err != nil {
		return err
	}
	entries := []weights.Entry{weights.Float32Entry("losses", t)}
	for i, v := range s.trainer.values {
		for _, part := range []struct {
			name string
			data []float32
		}{{"value.", v.value.Data}, {"mean.", s.trainer.adam.Means[i]}, {"square.", s.trainer.adam.Squares[i]}} {
			entries = append(entries, weights.Float32Entry(part.name+v.name, &tensor.Tensor{Shape: v.value.Shape, Data: part.data}))
		}
	}
	pairs := []weights.Pair{{Key: "format", Value: stateFormat}, {Key: "adam_steps", Value: strconv.Itoa(s.trainer.adam.Steps)}}
	if err := weights.Save(ctx, s.path, pairs, entries); err != nil {
		return fmt.Errorf("keep the state of tuning: %w", err)
	}
	return nil
}

// load puts a saved state in place and returns the losses of the steps done; none where there is no file. A damaged one is reported and
// left out: nothing but time is lost.
func (s *state) load() ([]float32, error) {
	f, err := weights.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var losses []float32
	if err == nil {
		losses, err = s.read(f)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		slog.Warn("tuning begins anew: the state of an earlier one cannot be read", "file", s.path, "problem", err)
		return nil, nil
	}
	return losses, nil
}

func (s *state) read(f *weights.File) ([]float32, error) {
	meta := f.Metadata()
	steps, err := strconv.Atoi(meta["adam_steps"])
	if meta["format"] != stateFormat || err != nil || steps < 0 {
		return nil, fmt.Errorf("format %q, steps %q: %w", meta["format"], meta["adam_steps"], weights.ErrFormat)
	}
	losses, err := f.Float32("losses")
	if err != nil {
		return nil, err
	}
	// Everything is read before anything is changed.
	read := map[string]*tensor.Tensor{}
	for _, v := range s.trainer.values {
		for _, part := range []string{"value.", "mean.", "square."} {
			t, err := f.Float32(part + v.name)
			if err != nil {
				return nil, err
			}
			if !tensor.SameShape(t, v.value) || !finite(t.Data) {
				return nil, fmt.Errorf("tensor %s%s does not fit: %w", part, v.name, weights.ErrFormat)
			}
			read[part+v.name] = t
		}
	}
	for i, v := range s.trainer.values {
		copy(v.value.Data, read["value."+v.name].Data)
		copy(s.trainer.adam.Means[i], read["mean."+v.name].Data)
		copy(s.trainer.adam.Squares[i], read["square."+v.name].Data)
	}
	s.trainer.adam.Steps = steps
	return losses.Data, nil
}

func (s *state) remove() error {
	if err := os.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the state of a tuning that has ended: %w", err)
	}
	return nil
}

// stateKey identifies everything a tuning depends on, except how many steps it has where their number changes nothing before the last.
func (t Tuning) stateKey(p Projector, materials ...*material) string {
	h := sha256.New()
	settings := t.settings()
	if t.Schedule != CosineRate {
		delete(settings, "steps")
	}
	identity, _ := t.Model.Identity() // check has seen that it has one
	fmt.Fprintf(h, "%v %v %v\n", settings, identity, p.Config)
	fmt.Fprintln(h, t.Model.PatchHash())
	for _, m := range materials {
		fmt.Fprintln(h, m.target)
		hashTensors(h, m.h, m.mean[0], m.mean[1], m.spread[0])
		for _, x := range m.texts {
			fmt.Fprintln(h, x.rows)
			hashTensors(h, x.embedding)
			if x.vector != nil {
				hashTensors(h, x.vector)
			}
		}
	}
	hashTensors(h, p.Values...)
	return hex.EncodeToString(h.Sum(nil)[:12])
}

func hashTensors(h hash.Hash, list ...*tensor.Tensor) {
	buf := make([]byte, 0, 1<<16)
	for _, t := range list {
		fmt.Fprintln(h, t.Shape)
		for _, v := range t.Data {
			b := math.Float32bits(v)
			if buf = append(buf, byte(b), byte(b>>8), byte(b>>16), byte(b>>24)); len(buf) == cap(buf) {
				h.Write(buf)
				buf = buf[:0]
			}
		}
		h.Write(buf)
		buf = buf[:0]
	}
}

// trainingKey identifies a training of a baseline by its settings and what it learns.
func trainingKey(kind string, settings []any, model runtime.Model, m *material, start ...*tensor.Tensor) string {
	h := sha256.New()
	identity, _ := model.Identity() // it is there: the graph was made of it
	fmt.Fprintln(h, kind, settings, identity, model.PatchHash())
	hashTensors(h, m.mean[0], m.mean[1], m.spread[0])
	for _, x := range m.texts {
		if x.embedding != nil {
			hashTensors(h, x.embedding)
			if x.vector != nil {
				hashTensors(h, x.vector)
			}
		}
	}
	hashTensors(h, start...)
	return hex.EncodeToString(h.Sum(nil)[:12])
}
