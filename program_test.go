package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/frontend/cli"
	"github.com/oneactor/oneactor/runtime/folder"
)

// asProgram makes the test binary the program itself, for tests of signals and memory.
const asProgram = "ONEACTOR_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// call is one use of the command line inside the test.
type call struct {
	ctx   context.Context // nil is the test's
	disk  folder.Disk     // nil is the file system
	stdin string
	args  []string
}

// outcome is what the caller of the program sees.
type outcome struct {
	code     int
	out, err string
}

func (c call) run(t *testing.T) outcome {
	t.Helper()
	if c.ctx == nil {
		c.ctx = t.Context()
	}
	var out, err bytes.Buffer
	open := func(s frontend.Settings) (frontend.Host, error) { return openHostOn(c.disk, s) }
	code := cli.Main(c.ctx, program(strings.NewReader(c.stdin), &out, &err, open), c.args)
	return outcome{code, out.String(), err.String()}
}

// oneactor runs a command line.
func oneactor(t *testing.T, args ...string) outcome {
	t.Helper()
	return call{args: args}.run(t)
}

func (o outcome) check(t *testing.T, code int, says ...string) {
	t.Helper()
	if o.code != code {
		t.Errorf("exit code %d, want %d", o.code, code)
	}
	for _, s := range says {
		if !strings.Contains(o.err, s) {
			t.Errorf("stderr does not say %q", s)
		}
	}
	if t.Failed() {
		t.Logf("stdout:\n%sstderr:\n%s", o.out, o.err)
	}
}

const (
	demoCheckpoint = "tiny-actors.safetensors"
	demoWorkflow   = "workflows/first-picture.json"
)

// small makes the demo workflow quick.
var small = []string{"--set", "Sampler.steps=2", "--set", "Size.width=64", "--set", "Size.height=64"}

// demoBase is a base directory with a link to the demo checkpoint.
func demoBase(t testing.TB) string {
	t.Helper()
	base := t.TempDir()
	dir := filepath.Join(base, "models", "checkpoints")
	path, err := filepath.Abs(filepath.Join("models", "checkpoints", demoCheckpoint))
	if err == nil {
		err = os.MkdirAll(dir, 0o777)
	}
	if err == nil {
		err = os.Symlink(path, filepath.Join(dir, demoCheckpoint))
	}
	if err != nil {
		t.Fatal(err)
	}
	return base
}

// demo is the command line of a quick run of the demo workflow in base.
func demo(base string, more ...string) []string {
	return append(append([]string{"run", demoWorkflow, "--base-directory", base, "--device", "cpu"}, small...), more...)
}

// list describes everything below dir: path, size, mode and time of change.
func list(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err == nil {
			fmt.Fprintln(&b, path, info.Size(), info.Mode(), info.ModTime().UnixNano())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// names are the paths of the files below dir, relative to it; a missing folder has none.
func names(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			path, err = filepath.Rel(dir, path)
			out = append(out, path)
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return out
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o777)
	if err == nil {
		err = os.WriteFile(path, data, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}
