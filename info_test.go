package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/oneactor/oneactor/frontend/cli"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
)

// TestInfo: the commands that tell what there is, for a person and as JSON.
func TestInfo(t *testing.T) {
	base := demoBase(t)
	checkpoints := filepath.Join(base, "models", "checkpoints")
	tests := map[string]struct {
		args []string
		says []string
	}{
		"version":         {[]string{"version"}, []string{"oneactor " + version}},
		"validate":        {[]string{"validate", demoWorkflow, demoWorkflow}, []string{demoWorkflow + ": valid\n" + demoWorkflow + ": valid\n"}},
		"convert":         {[]string{"convert", demoWorkflow}, []string{`"class_type": "KSampler"`, `"sampler_name": "dpmpp_2m"`, `"title": "Sampler"`}},
		"nodes":           {[]string{"nodes"}, []string{"CheckpointLoaderSimple", "KSampler", "Load Checkpoint"}},
		"a node":          {[]string{"nodes", "CheckpointLoaderSimple"}, []string{"ckpt_name", demoCheckpoint, "MODEL", "VAE"}},
		"models":          {[]string{"models"}, []string{"checkpoints", checkpoints, "  " + demoCheckpoint}},
		"a models folder": {[]string{"models", "loras"}, []string{"loras", filepath.Join(base, "models", "loras")}},
		"help":            {[]string{"help"}, []string{"run", "validate", "convert", "doctor", "--base-directory"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := oneactor(t, append(tt.args, "--base-directory", base)...)
			got.check(t, 0)
			for _, s := range tt.says {
				if !strings.Contains(got.out, s) {
					t.Errorf("stdout does not say %q:\n%s", s, got.out)
				}
			}
			if got.err != "" && !strings.Contains(name, "folder") {
				t.Errorf("stderr %q", got.err)
			}
		})
	}
}

// TestNoModels says where they belong.
func TestNoModels(t *testing.T) {
	base := t.TempDir()
	got := oneactor(t, "models", "--base-directory", base)
	got.check(t, 0, "no models found", filepath.Join(base, "models", "checkpoints"), "--base-directory")
	if got.out != "" {
		t.Errorf("stdout %q", got.out)
	}
}

func TestInfoJSON(t *testing.T) {
	base := demoBase(t)
	decode := func(v any, args ...string) {
		t.Helper()
		got := oneactor(t, append(args, "--base-directory", base)...)
		if err := json.Unmarshal([]byte(got.out), v); err != nil || got.code != 0 {
			t.Fatalf("%v, exit code %d: %s%s", err, got.code, got.out, got.err)
		}
	}
	var folders []struct {
		Key    string
		Models []string
	}
	decode(&folders, "models", "checkpoints", "--json")
	if len(folders) != 1 || folders[0].Key != "checkpoints" || len(folders[0].Models) != 1 || folders[0].Models[0] != demoCheckpoint {
		t.Errorf("models: %+v", folders)
	}
	var classes map[string]struct{ Category string }
	decode(&classes, "nodes", "KSampler", "--json")
	if len(classes) != 1 || classes["KSampler"].Category != "sampling" {
		t.Errorf("nodes: %+v", classes)
	}
	ortest.Setup(t)
	var doctor struct {
		Library, Device string
		Memory          int64
	}
	decode(&doctor, "doctor", "--json", "--device", "cpu")
	if doctor.Library == "" || doctor.Device != "cpu" || doctor.Memory == 0 {
		t.Errorf("doctor: %+v", doctor)
	}
}

// brokenPipe is a stdout that takes nothing.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// TestStdoutFails: what could not be told is a failure, not a success.
func TestStdoutFails(t *testing.T) {
	const workflow = `{"1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 255}},
		"2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "a"}}}`
	for _, args := range [][]string{{"run", "-"}, {"run", "-", "--json"}, {"validate", "-"}, {"convert", "-"}, {"nodes"}, {"nodes", "KSampler"},
		{"nodes", "--json"}, {"models"}, {"models", "--json"}, {"doctor"}, {"doctor", "--json"}, {"version"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			var stderr bytes.Buffer
			code := cli.Main(t.Context(), program(strings.NewReader(workflow), brokenPipe{}, &stderr, openHost), append(args, "--base-directory", demoBase(t)))
			if code != 1 || !strings.Contains(stderr.String(), "no space left") {
				t.Errorf("exit code %d, stderr %q", code, &stderr)
			}
		})
	}
}
