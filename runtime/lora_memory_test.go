package runtime

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
)

// TestGoldenLoRAHoldsItself: LoRAs of every format change no file, and a run with one holds, besides the weights of the model where they lie,
// its factors or the weights that it merges, and nothing else: as many values as the changes have, in float32.
func TestGoldenLoRAHoldsItself(t *testing.T) {
	s := newStageWith(t, WeightsMapped)

	sums := func() map[string][32]byte {
		t.Helper()
		out := map[string][32]byte{}
		for _, kind := range []string{"checkpoints", "loras"} {
			for _, path := range must(filepath.Glob(filepath.Join(s.base, "models", kind, "*")))(t) {
				out[path] = sha256.Sum256(must(os.ReadFile(path))(t))
			}
		}
		return out
	}
	files := sums()
	c := s.checkpoint(t, "tiny-sd15.safetensors")
	prompt, x := s.encode(t, c, "a cat"), s.normal(2, 1, 4, 8, 8)
	plain := s.answer(t, c.Model, prompt, x)
	if n := s.sessions.madeBytes(); n != 0 {
		t.Fatalf("%d bytes are held of weights that nothing changes", n)
	}
	merged := 0
	for _, path := range must(filepath.Glob(filepath.Join(s.base, "models", "loras", "*")))(t) {
		name := filepath.Base(path)
		if name == "sdxl-kohya.safetensors" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			before := s.sessions.madeBytes()
			m, _, err := s.ApplyLoRA(c.Model, c.CLIP, name, 1, 0)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.answer(t, m, prompt, x); !apart(got, plain) {
				t.Error("the LoRA changes nothing")
			}
			patches, jobs := m.patched().layout()
			var most int64
			for _, j := range jobs {
				r, _ := m.set.Ref(j.name)
				values := int64(1)
				for _, d := range r.Shape {
					values *= d
				}
				if len(j.merged) > 0 {
					most += 4 * values
				}
				for _, step := range j.branch {
					most += 2 * step.change.Bytes() // factors of half precision are held as float32
					if step.change.Bytes() == 0 {   // they lie in the file: rank 8 at most
						most += 4 * 8 * (r.Shape[0] + values/r.Shape[0])
					}
				}
			}
			merged += len(patches.Replaced)
			if held := s.sessions.madeBytes() - before; held <= 0 || held > most {
				t.Errorf("%d bytes are held for it, want at most %d", held, most)
			}
		})
	}
	if merged == 0 {
		t.Error("no LoRA of the fixtures is merged")
	}
	for path, sum := range sums() {
		if files[path] != sum {
			t.Errorf("%s was written", path)
		}
	}
}
