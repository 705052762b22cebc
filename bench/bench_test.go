package bench

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime/ort"
)

func TestRunMistakes(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.safetensors")
	if err := os.WriteFile(text, []byte("not weights"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		o    Options
		says string
	}{
		"rounds":         {Options{Rounds: -1}, "-1 rounds"},
		"part":           {Options{Only: []string{"unet-1024"}}, "unet-256"},
		"no checkpoint":  {Options{Checkpoint: "/no/such/file"}, "/no/such/file"},
		"not checkpoint": {Options{Checkpoint: text}, "text.safetensors"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := Run(t.Context(), tt.o, new(bytes.Buffer))
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v; want it to say %q", err, tt.says)
			}
		})
	}
}

func TestPairs(t *testing.T) {
	tests := map[string]struct {
		ours, torch []float64
		want        figure
	}{
		"nothing":    {nil, nil, figure{}},
		"one":        {[]float64{2}, []float64{4}, figure{2, 4, 0.5}},
		"no peer":    {[]float64{1, 3}, []float64{0, 0}, figure{2, 0, 0}},
		"busy once":  {[]float64{1, 10, 1}, []float64{2, 20, 2}, figure{1, 2, 0.5}},
		"even count": {[]float64{1, 2, 3, 4}, []float64{1, 1, 1, 1}, figure{2.5, 1, 2.5}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var p pairs
			for i := range tt.ours {
				p.add(times{CPU: tt.ours[i], Wall: -1}, times{CPU: tt.torch[i]})
			}
			if got := p.cpu(); got != tt.want {
				t.Errorf("got %+v; want %+v", got, tt.want)
			}
		})
	}
}

func TestTable(t *testing.T) {
	l := line{part: "vae-256", cpu: figure{3.8, 4.9, 0.78}, wall: figure{2, 2.5, 0.8}, load: 0.84, memory: ort.Memory{Anonymous: 700 << 20}, notes: []string{"a note"}}
	for name, o := range map[string]Options{"alone": {Threads: 2}, "with peers": {Threads: 2, Python: "python3"}} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			newTable(&out, o).add(l)
			rows := strings.Split(out.String(), "\n")
			if len(rows[0]) != len(rows[1]) {
				t.Errorf("columns do not line up:\n%s", out.String())
			}
			if !strings.Contains(rows[1], "700") || !strings.Contains(out.String(), "a note") {
				t.Errorf("a value is missing:\n%s", out.String())
			}
		})
	}
}

// TestPeers asks PyTorch for the smallest network and compares with onnxruntime, where both are installed.
func TestPeers(t *testing.T) {
	python := os.Getenv("ONEACTOR_PEERS_PYTHON")
	if python == "" {
		t.Skip("needs an interpreter with PyTorch, named in ONEACTOR_PEERS_PYTHON")
	}
	p, err := startPeer(t.Context(), python, "")
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	if _, err := p.ask(command{Do: "load", Net: "clip"}); err != nil {
		t.Fatal(err)
	}
	r, err := p.ask(command{Do: "run", Net: "clip", Batch: 1, Threads: 1})
	if err != nil || r.CPU <= 0 || r.Wall <= 0 {
		t.Errorf("run: %+v, %v", r.times, err)
	}
	if _, err := p.ask(command{Do: "dance", Net: "clip"}); err == nil || !strings.Contains(err.Error(), "dance") {
		t.Errorf("unknown command: %v", err)
	}
	if _, err := p.ask(command{Do: "load", Net: "clop"}); err == nil || !strings.Contains(err.Error(), "unet, clip, vae") {
		t.Errorf("unknown network: %v", err)
	}
}

func TestPeerThatIsNone(t *testing.T) {
	if _, err := torchVersion(t.Context(), "/no/such/python"); err == nil || !strings.Contains(err.Error(), "--python") {
		t.Errorf("no interpreter: %v", err)
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skipf("needs python3: %v", err)
	}
	if exec.Command(python, "-c", "import torch").Run() == nil {
		t.Skip("needs a python3 without PyTorch")
	}
	if _, err := torchVersion(t.Context(), python); err == nil || !strings.Contains(err.Error(), "No module named 'torch'") {
		t.Errorf("no PyTorch: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := startPeer(ctx, python, ""); err == nil {
		t.Error("a cancelled context started a process")
	}
}

// TestColdWorkflow only checks that links lead to nodes; the program's own tests run such workflows.
func TestColdWorkflow(t *testing.T) {
	workflow := coldWorkflow()
	for id, node := range workflow {
		for name, value := range node.(map[string]any)["inputs"].(map[string]any) {
			if link, ok := value.([]any); ok && workflow[link[0].(string)] == nil {
				t.Errorf("node %s: input %s leads to %v", id, name, link)
			}
		}
	}
}

// TestTuneOptions: mistakes are named before anything is written or measured.
func TestTuneOptions(t *testing.T) {
	for want, o := range map[string]Options{
		"-1 rounds":                           {Rounds: -1, Checkpoint: "none"},
		`"fast" is no way of holding weights`: {Only: []string{"fast"}, Checkpoint: "none"},
	} {
		if err := Tune(t.Context(), o, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", o, err, want)
		}
	}
}
