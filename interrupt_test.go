package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/oneactor/oneactor/runtime/ort/ortest"
)

// process starts the program as a process of its own.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), exe, args...)
	c.Env = append(os.Environ(), asProgram+"=1")
	return c
}

// TestInterrupt stops a run of ten thousand steps in its midst: at most one more step is finished, and nothing is left behind.
func TestInterrupt(t *testing.T) {
	ortest.Setup(t)
	for name, signal := range map[string]os.Signal{"Ctrl-C": os.Interrupt, "SIGTERM": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			base := demoBase(t)
			before := list(t, base)
			// At this size a step takes long enough that a signal does not meet the end of several.
			c := process(t, demo(base, "--json", "--set", "Sampler.steps=10000", "--set", "Size.width=256", "--set", "Size.height=256")...)
			var stderr bytes.Buffer
			c.Stderr = &stderr
			out, err := c.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			var types []string
			var seen, later int // steps when the signal was sent, and steps reported after that
			var sent time.Time
			for lines := bufio.NewScanner(out); lines.Scan(); {
				var message struct {
					Type string
					Data struct{ Value int }
				}
				if err := json.Unmarshal(lines.Bytes(), &message); err != nil {
					t.Fatalf("%v: %s", err, lines.Text())
				}
				types = append(types, message.Type)
				switch {
				case message.Type != "progress":
				case !sent.IsZero():
					later++
				case message.Data.Value == 3:
					seen, sent = message.Data.Value, time.Now()
					if err := c.Process.Signal(signal); err != nil {
						t.Fatal(err)
					}
				}
			}
			err = c.Wait()
			if c.ProcessState.ExitCode() != 1 || !strings.Contains(stderr.String(), "interrupted") {
				t.Errorf("%v, stderr %q; want exit code 1 and that it was interrupted", err, &stderr)
			}
			// One step may have ended before the signal came, and one is cut off in its midst.
			if seen == 0 || later > 2 {
				t.Errorf("%d steps before the signal, %d after it", seen, later)
			}
			if n := len(types); n < 2 || types[n-2] != "execution_interrupted" || types[n-1] != "executing" {
				t.Errorf("the last messages are %q", types[max(0, n-3):])
			}
			if took := time.Since(sent); took > 10*time.Second {
				t.Errorf("it took %v to stop", took)
			}
			if after := list(t, base); after != before {
				t.Errorf("the folder became\n%s", after)
			}
		})
	}
}

// TestInterruptReading: a program that waits for its input can be stopped.
func TestInterruptReading(t *testing.T) {
	for _, command := range []string{"run", "validate", "convert"} {
		t.Run(command, func(t *testing.T) {
			c := process(t, command, "-", "--base-directory", filepath.Dir(t.TempDir()))
			in, err := c.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			var stderr bytes.Buffer
			c.Stderr = &stderr
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			// More than a pipe holds: when this returns, the program is reading.
			if _, err := in.Write(bytes.Repeat([]byte(" "), 1<<20)); err != nil {
				t.Fatal(err)
			}
			if err := c.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			err = c.Wait()
			if c.ProcessState.ExitCode() != 1 || !strings.Contains(stderr.String(), "interrupted") {
				t.Errorf("%v, stderr %q; want exit code 1 and that it was interrupted", err, &stderr)
			}
		})
	}
}
