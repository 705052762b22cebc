package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/frontend"
)

func testHost(t *testing.T, base string) frontend.Host {
	t.Helper()
	h, err := openHost(frontend.Settings{BaseDirectory: base, TempDirectory: t.TempDir(), UserDirectory: t.TempDir(), Device: "cpu"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

func TestHostModels(t *testing.T) {
	base := t.TempDir()
	h := testHost(t, base)
	keys := h.ModelKeys()
	// ComfyUI's 20 keys, in its order; ours come after them.
	if len(keys) < 20 || keys[0] != "checkpoints" || keys[14] != "custom_nodes" || keys[19] != "audio_encoders" || !slices.Contains(keys, "actors") {
		t.Errorf("keys %q", keys)
	}
	for _, key := range []string{"clip", "unet", "nothing", ""} {
		_, err := h.ModelDirectories(key)
		_, other := h.ModelNames(key)
		if !errors.Is(err, fs.ErrNotExist) || !errors.Is(other, fs.ErrNotExist) {
			t.Errorf("key %q: %v, %v", key, err, other)
		}
	}
	// A new file shows up at once, in the list that is kept as well.
	for _, name := range []string{"b.safetensors", "a.safetensors", filepath.Join("sub", "c.pt")} {
		path := filepath.Join(base, "models", "embeddings", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
		if names, err := h.ModelNames("embeddings"); err != nil || !slices.Contains(names, name) {
			t.Errorf("after %s: %q, %v", name, names, err)
		}
	}
	if names, err := h.Embeddings(); err != nil || !slices.Equal(names, []string{"a", "b", "sub/c"}) {
		t.Errorf("embeddings %q, %v", names, err)
	}
	if path, err := h.ModelPath("embeddings", "a.safetensors"); err != nil || path != filepath.Join(base, "models", "embeddings", "a.safetensors") {
		t.Errorf("path %q, %v", path, err)
	}
	if _, err := h.ModelPath("embeddings", "../embeddings/../../secret"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a path outside: %v", err)
	}
}

func TestHostStats(t *testing.T) {
	s := testHost(t, t.TempDir()).Stats()
	if s.Device != "cpu" || s.DeviceName != "cpu" || s.Index != -1 || s.Library == "" {
		t.Errorf("device %+v", s)
	}
	if s.MemoryTotal < 64<<20 || s.MemoryFree < 0 || s.MemoryFree > s.MemoryTotal {
		t.Errorf("memory %+v", s)
	}
	if runtime.GOOS == "linux" && s.MemoryFree == 0 {
		t.Error("no free memory is told")
	}
	if s.DeviceTotal != s.MemoryTotal || s.DeviceFree != s.MemoryFree {
		t.Errorf("the memory of the CPU is the machine's, as in ComfyUI: %+v", s)
	}
}

func TestEncodePicture(t *testing.T) {
	h := testHost(t, t.TempDir())
	file, err := os.ReadFile(filepath.Join("docs", "first-picture.png"))
	if err != nil {
		t.Fatal(err)
	}
	for kind, magic := range map[string]string{"webp": "RIFF", "jpeg": "\xff\xd8\xff", "png": "\x89PNG"} {
		out, err := h.EncodePicture(file, frontend.PictureFormat{Type: kind, Quality: 80, Channel: "rgba"})
		if err != nil || !bytes.HasPrefix(out, []byte(magic)) {
			t.Errorf("%s: %d bytes, %v", kind, len(out), err)
		}
	}
	if _, err := h.EncodePicture([]byte("no picture"), frontend.PictureFormat{Type: "webp"}); err == nil {
		t.Error("no error of what is no picture")
	}
}
