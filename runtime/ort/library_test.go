package ort_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
)

// compile makes a shared library of one C file, or skips where there is no compiler.
func compile(t *testing.T, source string) string {
	t.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skipf("needs a C compiler to make a false library: %v", err)
	}
	dir := t.TempDir()
	c, lib := filepath.Join(dir, "lib.c"), filepath.Join(dir, "libonnxruntime.so.1")
	if err := os.WriteFile(c, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(cc, "-shared", "-fPIC", "-o", lib, c).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return lib
}

const oldLibrary = `
#include <stddef.h>
#include <stdint.h>
struct base { const void *(*api)(uint32_t); const char *(*version)(void); };
static const void *api(uint32_t v) { return NULL; }
static const char *version(void) { return "1.17.3"; }
static struct base base = { api, version };
struct base *OrtGetApiBase(void) { return &base; }
`

func TestLibraryRejected(t *testing.T) {
	text := filepath.Join(t.TempDir(), "libonnxruntime.so")
	if err := os.WriteFile(text, []byte("version https://git-lfs.github.com/spec/v1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	tests := map[string]struct {
		path func(t *testing.T) string
		says []string
	}{
		"no such file":     {func(*testing.T) string { return "/no/such/lib.so" }, []string{"/no/such/lib.so", "no such file"}},
		"folder without":   {func(*testing.T) string { return empty }, []string{empty, "a folder without"}},
		"not a library":    {func(*testing.T) string { return text }, []string{text, "not a library"}},
		"another library":  {func(t *testing.T) string { return compile(t, "int x;") }, []string{"not onnxruntime"}},
		"too old":          {func(t *testing.T) string { return compile(t, oldLibrary) }, []string{"1.17.3 is too old", ort.MinVersion}},
		"too old, folder":  {func(t *testing.T) string { return filepath.Dir(compile(t, oldLibrary)) }, []string{"1.17.3 is too old"}},
		"a broken version": {func(t *testing.T) string { return compile(t, strings.Replace(oldLibrary, "1.17.3", "?", 1)) }, []string{"too old"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := tt.path(t)
			for _, given := range []string{path, ""} { // by option, then by environment
				t.Setenv(ort.LibraryEnv, path)
				if given == "" {
					// Another test may have started the environment, which a Runtime without a path then shares.
					attempts := ort.Find("")
					if len(attempts) != 1 || attempts[0].Problem == "" || attempts[0].Source != ort.LibraryEnv {
						t.Errorf("Find by %s: %+v", ort.LibraryEnv, attempts)
					}
					continue
				}
				_, err := ort.Open(ort.Options{Library: given})
				if !errors.Is(err, ort.ErrNoLibrary) {
					t.Fatalf("got %v; want an ErrNoLibrary", err)
				}
				for _, part := range append(tt.says, "make setup", ort.LibraryEnv) {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("%q does not say %q", err, part)
					}
				}
			}
		})
	}
}

func TestOpen(t *testing.T) {
	r := ortest.Setup(t)
	report := r.Report()
	if report.Library == "" || report.Version == "" || len(report.Providers) == 0 || report.Threads < 1 || report.Device != "cpu" {
		t.Errorf("report is incomplete: %+v", report)
	}
	again, err := ort.Open(ort.Options{Library: report.Library, Device: "cpu", Threads: 1})
	if err != nil {
		t.Fatalf("a second Runtime: %v", err)
	}
	if again.Threads() != 1 || r.Threads() != report.Threads {
		t.Errorf("threads %d and %d; want 1 and %d", again.Threads(), r.Threads(), report.Threads)
	}
	if _, err := ort.Open(ort.Options{Threads: -1}); err == nil || !strings.Contains(err.Error(), "-1 threads") {
		t.Errorf("-1 threads: %v", err)
	}
}

func TestOpenOtherLibrary(t *testing.T) {
	report := ortest.Setup(t).Report()
	whole, err := os.ReadFile(report.Library)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), filepath.Base(report.Library))
	if err := os.WriteFile(other, whole, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := ort.Open(ort.Options{Library: other}); err == nil || !strings.Contains(err.Error(), report.Library) {
		t.Errorf("a second library: %v; want an error that names %s", err, report.Library)
	}
}

func TestDevice(t *testing.T) {
	ortest.Setup(t)
	for _, device := range []string{"gpu", "cuda:", "cuda:-1", "cuda:x", "CPU"} {
		if _, err := ort.Open(ort.Options{Device: device}); err == nil || !strings.Contains(err.Error(), "cuda:N") {
			t.Errorf("device %q: %v; want an error that lists the known ones", device, err)
		}
	}
	r, err := ort.Open(ort.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Device().CUDA {
		t.Log("a GPU is usable here, so nothing is refused")
		return
	}
	if r.Report().Note == "" {
		t.Error("auto fell back to the CPU without saying why")
	}
	for _, device := range []string{"cuda", "cuda:1"} {
		if _, err := ort.Open(ort.Options{Device: device}); err == nil || !strings.Contains(err.Error(), "--device cpu") {
			t.Errorf("device %s: %v; want an error that says what to do", device, err)
		}
	}
}

func TestDiagnose(t *testing.T) {
	report := ort.Diagnose(ort.Options{Library: "/no/such/lib.so"})
	if report.Problem == "" || len(report.Tried) != 1 || report.Tried[0].Problem != "no such file" {
		t.Errorf("report of a missing library: %+v", report)
	}
	if m := report.Memory; m.Anonymous <= 0 && m != (ort.Memory{}) {
		t.Errorf("memory %+v", m)
	}
}
