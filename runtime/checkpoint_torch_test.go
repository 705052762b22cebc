package runtime_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/goldentest"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/runtimetest"
	"github.com/oneactor/oneactor/runtime/weights"
)

// torchPickle is {"state_dict": OrderedDict of every tensor of f}, as torch.save pickles it; storage i is tensor i.
func torchPickle(f *weights.File) []byte {
	var b bytes.Buffer
	le := binary.LittleEndian
	text := func(s string) { b.WriteByte('X'); b.Write(le.AppendUint32(nil, uint32(len(s)))); b.WriteString(s) }
	whole := func(n int64) { b.WriteByte('J'); b.Write(le.AppendUint32(nil, uint32(n))) }
	classes := map[weights.DType]string{weights.F32: "FloatStorage", weights.F16: "HalfStorage", weights.I64: "LongStorage"}
	b.WriteString("\x80\x02}")
	text("state_dict")
	b.WriteString("ccollections\nOrderedDict\n)R(")
	for i, name := range f.Names() {
		info, _ := f.Info(name)
		text(name)
		b.WriteString("ctorch._utils\n_rebuild_tensor_v2\n((")
		text("storage")
		b.WriteString("ctorch\n" + classes[info.DType] + "\n")
		text(fmt.Sprint(i))
		text("cpu")
		whole(info.Bytes / info.DType.Size())
		b.WriteString("tQ")
		whole(0)
		stride, strides := int64(1), make([]int64, len(info.Shape))
		for k, n := range slices.Backward(info.Shape) {
			strides[k] = stride
			stride *= n
		}
		for _, list := range [][]int64{info.Shape, strides} {
			b.WriteByte('(')
			for _, n := range list {
				whole(n)
			}
			b.WriteByte('t')
		}
		b.WriteString("\x89ccollections\nOrderedDict\n)RtR")
	}
	b.WriteString("us.")
	return b.Bytes()
}

// writeTorch saves the tensors of f as torch does today.
func writeTorch(t *testing.T, path string, f *weights.File) {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	entry := func(name string, data []byte) {
		e, err := w.CreateHeader(&zip.FileHeader{Name: "archive/" + name, Method: zip.Store})
		if err == nil {
			_, err = e.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	entry("data.pkl", torchPickle(f))
	for i, name := range f.Names() {
		raw, err := f.Raw(name)
		if err != nil {
			t.Fatal(err)
		}
		entry(fmt.Sprint("data/", i), raw)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// writeLegacyTorch saves them as torch before 1.6 did.
func writeLegacyTorch(t *testing.T, path string, f *weights.File) {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.")
	b.Write(torchPickle(f))
	b.WriteString("\x80\x02](")
	for i := range f.Names() {
		key := fmt.Sprint(i)
		b.WriteString("X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(key)))) + key)
	}
	b.WriteString("e.")
	for _, name := range f.Names() {
		info, _ := f.Info(name)
		raw, err := f.Raw(name)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(binary.LittleEndian.AppendUint64(nil, uint64(info.Bytes/info.DType.Size())))
		b.Write(raw)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestGoldenTorchCheckpoints saves checkpoints as .ckpt, .pt and .pth; their pictures are those of the .safetensors, bit for bit.
func TestGoldenTorchCheckpoints(t *testing.T) {
	ortest.Setup(t)
	base := t.TempDir()
	dir := filepath.Join(base, "models", "checkpoints")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	original := filepath.Join(goldentest.Models(t), "checkpoints", "tiny-sd15.safetensors")
	if err := os.Symlink(original, filepath.Join(dir, "x.safetensors")); err != nil {
		t.Fatal(err)
	}
	f, err := weights.Open(original)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	writeTorch(t, filepath.Join(dir, "x.ckpt"), f)
	writeTorch(t, filepath.Join(dir, "x.pt"), f)
	writeLegacyTorch(t, filepath.Join(dir, "x.pth"), f)
	rt := runtimetest.New(t, folder.Config{Base: base}, runtime.Config{})
	want := twoSteps(t, rt, loaded(t, rt, "x.safetensors"))
	for _, name := range []string{"x.ckpt", "x.pt", "x.pth"} {
		t.Run(name, func(t *testing.T) {
			if got := twoSteps(t, rt, loaded(t, rt, name)); !slices.Equal(got.Data, want.Data) {
				t.Error("the picture differs from that of the .safetensors")
			}
		})
	}
	t.Run("cut short", func(t *testing.T) {
		for _, name := range []string{"x.ckpt", "x.pth", "x.safetensors"} {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			cut := "cut-" + name
			if err := os.WriteFile(filepath.Join(dir, cut), data[:len(data)*2/3], 0o600); err != nil {
				t.Fatal(err)
			}
			_, err = rt.LoadCheckpoint(cut)
			if err == nil || !strings.Contains(err.Error(), cut) {
				t.Errorf("%s: error %v; want one that names the file", cut, err)
			}
		}
	})
}

func loaded(t *testing.T, rt *runtime.Runtime, name string) runtime.Checkpoint {
	t.Helper()
	c, err := rt.LoadCheckpoint(name)
	waiting(t, err)
	return c
}

// twoSteps is the picture of two steps with a prompt, at 64x64 pixels.
func twoSteps(t *testing.T, rt *runtime.Runtime, c runtime.Checkpoint) runtime.Image {
	t.Helper()
	positive, err := rt.EncodeText(t.Context(), c.CLIP, "a red car")
	if err != nil {
		t.Fatal(err)
	}
	negative, err := rt.EncodeText(t.Context(), c.CLIP, "")
	if err != nil {
		t.Fatal(err)
	}
	latent, err := rt.Sample(t.Context(), runtime.SampleRequest{
		Model: c.Model, Positive: positive, Negative: negative, CFG: 4, Latent: runtime.ZeroLatent(1, 4, 8, 8),
		Seed: 1, Steps: 2, Sampler: "euler", Scheduler: "normal", Denoise: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	picture, err := rt.Decode(t.Context(), c.VAE, latent)
	if err != nil {
		t.Fatal(err)
	}
	return picture
}
