package actor

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/runtimetest"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/weights"
)

// sample is an actor of three pictures.
func sample() Actor {
	deltas := tensor.New(3, 4)
	for i := range deltas.Data {
		deltas.Data[i] = float32(i) - 5.5
	}
	picture := tensor.New(1, 6, 4, 3)
	for i := range picture.Data {
		picture.Data[i] = float32(i%256) / 255
	}
	return Actor{
		Deltas: deltas, Target: 2, Word: "hobbit", Concept: Character,
		Model: runtime.Identity{Family: weights.SD1, Fingerprint: "0123"},
		Details: Details{
			Name: "ann", Prompt: "a hobbit, \"quoted\"", Seed: math.MaxUint64, Steps: 300, Settings: map[string]string{"lr": "0.001"},
			Origin: "me", Licence: "CC0", Thumbnail: runtime.Image{Tensor: picture},
		},
	}
}

func smallProjector(t testing.TB) Projector {
	t.Helper()
	p, err := NewProjector(model.ProjectorConfig{Channels: 8, Height: 3, Width: 2, Dim: 4}, 7)
	if err != nil {
		t.Fatal(err)
	}
	p.Model, p.Notes = runtime.Identity{Family: weights.SD1, Fingerprint: "0123"}, ProjectorNotes{Clusters: 5, Steps: 100, Origin: "me", Licence: "CC0"}
	return p
}

func TestActorFile(t *testing.T) {
	rt := runtimetest.New(t, folder.Config{Base: t.TempDir()}, runtime.Config{})
	a, p, h := sample(), smallProjector(t), tensor.Full(0.5, 3, 8, 3, 2)
	name, err := a.Save(t.Context(), rt, "ann", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Load(rt, name)
	if err != nil {
		t.Fatal(err)
	}
	sameActor(t, got.Actor, a)
	if got.Projector != nil || got.H != nil {
		t.Error("a file without projector has one")
	}
	full, err := a.Save(t.Context(), rt, "ann", &p, h)
	if err != nil {
		t.Fatal(err)
	}
	if full != "ann-2.safetensors" {
		t.Errorf("the second actor of a name is called %q", full)
	}
	if got, err = Load(rt, full); err != nil {
		t.Fatal(err)
	}
	if got.Projector == nil || goldentest.Difference(got.H.Data, h.Data) != 0 {
		t.Fatal("projector or states are lost")
	}
	for i, v := range p.Values {
		if goldentest.Difference(got.Projector.Values[i].Data, v.Data) != 0 {
			t.Errorf("parameter %d changed", i)
		}
	}
}

func sameActor(t *testing.T, got, want Actor) {
	t.Helper()
	if goldentest.Difference(got.Deltas.Data, want.Deltas.Data) != 0 || got.Target != want.Target || got.Word != want.Word ||
		got.Concept != want.Concept || got.Model != want.Model {
		t.Errorf("%+v, want %+v", got, want)
	}
	g, w := got.Details, want.Details
	if g.Name != w.Name || g.Prompt != w.Prompt || g.Seed != w.Seed || g.Steps != w.Steps || g.Settings["lr"] != w.Settings["lr"] ||
		g.Origin != w.Origin || g.Licence != w.Licence {
		t.Errorf("details %+v, want %+v", g, w)
	}
	if d := goldentest.Difference(g.Thumbnail.Data, w.Thumbnail.Data); d > 1e-6 {
		t.Errorf("the thumbnail differs by %v", d)
	}
}

func TestProjectorFile(t *testing.T) {
	rt := runtimetest.New(t, folder.Config{Base: t.TempDir()}, runtime.Config{})
	p := smallProjector(t)
	for half, tolerance := range map[bool]float64{false: 0, true: 1e-3} {
		name, err := p.Save(t.Context(), rt, "phi", half)
		if err != nil {
			t.Fatal(err)
		}
		got, err := LoadProjector(rt, name)
		if err != nil {
			t.Fatal(err)
		}
		if got.Model != p.Model || got.Notes != p.Notes {
			t.Errorf("%+v %+v, want %+v %+v", got.Model, got.Notes, p.Model, p.Notes)
		}
		for i, v := range p.Values {
			if d := goldentest.Difference(got.Values[i].Data, v.Data); d > tolerance {
				t.Errorf("half %v: parameter %d differs by %v", half, i, d)
			}
		}
	}
	if _, err := (Actor{}).Save(t.Context(), rt, "empty", nil, nil); err == nil {
		t.Error("an actor without deltas was saved")
	}
	name, err := sample().Save(t.Context(), rt, "ann", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	path, err := rt.Folders.Find("actors", name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(rt.Folders.Base(), "models", "projectors"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(path, filepath.Join(rt.Folders.Base(), "models", "projectors", name)); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadProjector(rt, name); !errors.Is(err, ErrFile) || !strings.Contains(err.Error(), "oneactor.actor") {
		t.Errorf("an actor as a projector: %v", err)
	}
}

// TestDamagedFile spoils a good file in many ways; the error names the file and what is wrong with it.
func TestDamagedFile(t *testing.T) {
	write := func(pairs []weights.Pair, entries ...weights.Entry) []byte {
		var b bytes.Buffer
		if err := weights.Encode(t.Context(), &b, pairs, entries); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	a := sample()
	pairs := func(changes ...string) []weights.Pair {
		out := append(a.metadata(), weights.Pair{Key: "format", Value: "1"})
		for i := range out {
			for k := 0; k < len(changes); k += 2 {
				if out[i].Key == changes[k] {
					out[i].Value = changes[k+1]
				}
			}
		}
		return out
	}
	deltas := weights.Float32Entry("deltas", a.Deltas)
	nan := a.Deltas.Clone()
	nan.Data[3] = float32(math.NaN())
	good := write(pairs(), deltas)
	tests := map[string]struct {
		data []byte
		want string
	}{
		"empty":             {nil, "incomplete"},
		"cut short":         {good[:len(good)-9], "incomplete"},
		"another model":     {write(nil, deltas), "another kind of model"},
		"a projector":       {write(pairs("kind", projectorKind), deltas), "oneactor.projector"},
		"a newer format":    {write(pairs("format", "2"), deltas), `format "2"`},
		"no deltas":         {write(pairs()), "deltas"},
		"deltas of one":     {write(pairs("target", "0"), weights.Float32Entry("deltas", tensor.New(1, 4))), "two pictures"},
		"deltas of no axes": {write(pairs(), weights.Float32Entry("deltas", tensor.New(12))), "shape"},
		"a NaN":             {write(pairs(), weights.Float32Entry("deltas", nan)), "no number"},
		"target too large":  {write(pairs("target", "3"), deltas), "target 3 of 3"},
		"target negative":   {write(pairs("target", "-1"), deltas), "target"},
		"no word":           {write(pairs("word", ""), deltas), "base word"},
		"a word of lines":   {write(pairs("word", "a\nb"), deltas), "base word"},
		"unknown concept":   {write(pairs("concept", "\x1b[2Jhouse"), deltas), `"[2Jhouse"`},
		"seed no number":    {write(pairs("seed", "-4"), deltas), "seed"},
		"settings no JSON":  {write(pairs("settings", "{"), deltas), "settings"},
		"no picture":        {write(pairs(), deltas, weights.RawEntry("thumbnail", weights.U8, []int64{4}, []byte("abcd"))), "thumbnail"},
		"half a projector":  {write(pairs(), deltas, weights.Float32Entry("phi.net.0.0.weight", tensor.New(4, 8, 7, 7))), "projector"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ann.safetensors")
			if err := os.WriteFile(path, tt.data, 0o666); err != nil {
				t.Fatal(err)
			}
			_, err := ReadFile(path)
			if !errors.Is(err, ErrFile) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q and the path", err, tt.want)
			}
		})
	}
}

func TestFits(t *testing.T) {
	a := sample()
	if _, err := a.Fits(runtime.Identity{Family: weights.SDXL, Fingerprint: "0123"}); err == nil || !strings.Contains(err.Error(), "SDXL") {
		t.Errorf("another family: %v", err)
	}
	if note, err := a.Fits(runtime.Identity{Family: weights.SD1, Fingerprint: "4567"}); err != nil || note == "" {
		t.Errorf("another checkpoint: note %q, error %v", note, err)
	}
	if note, err := a.Fits(a.Model); err != nil || note != "" {
		t.Errorf("the same checkpoint: note %q, error %v", note, err)
	}
}

func FuzzReadFile(f *testing.F) {
	for _, with := range []bool{false, true} {
		var b bytes.Buffer
		a, p := sample(), smallProjector(f)
		phi, h := &p, tensor.Full(0.5, 3, 8, 3, 2)
		if !with {
			phi, h = nil, nil
		}
		if err := a.Encode(f.Context(), &b, phi, h); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	path := filepath.Join(f.TempDir(), "a.safetensors")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		got, err := ReadFile(path)
		if err != nil {
			if !errors.Is(err, ErrFile) {
				t.Errorf("error %v does not wrap ErrFile", err)
			}
			return
		}
		if got.check() != nil || len(got.TargetDelta()) != len(got.AverageDelta()) {
			t.Errorf("accepted %+v", got.Actor)
		}
	})
}
