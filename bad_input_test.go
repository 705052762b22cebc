package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/oneactor/oneactor/runtime/folder"
)

// safetensors is a file with this header and as many bytes of data.
func safetensors(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

// TestBadCheckpoint runs the demo workflow with files that are no checkpoints, or not one that runs.
func TestBadCheckpoint(t *testing.T) {
	demo := read(t, filepath.Join("models", "checkpoints", demoCheckpoint))
	headerEnd := 8 + binary.LittleEndian.Uint64(demo)
	length := func(n uint64) []byte { return append(binary.LittleEndian.AppendUint64(nil, n), demo[8:]...) }
	// The header of a real checkpoint with one tensor gone wrong.
	const tensor = `{"model.diffusion_model.input_blocks.0.0.weight":{"dtype":"F16","shape":`
	tests := map[string]struct {
		content []byte
		says    string
	}{
		"empty":                     {nil, "too short"},
		"a download cut short":      {demo[:len(demo)/2], "incomplete"},
		"cut in the header":         {demo[:headerEnd/2], "header of"},
		"a web page":                {[]byte("<!DOCTYPE html><html><body>Access denied</body></html>"), "header of"},
		"a pointer of git LFS":      {[]byte("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 4265146304\n"), "header of"},
		"header length 2^63":        {length(1 << 63), "header of 9223372036854775808 bytes"},
		"header length 2^64-1":      {length(1<<64 - 1), "header of 18446744073709551615 bytes"},
		"header is no JSON":         {append(bytes.Clone(demo[:8]), bytes.Repeat([]byte("x"), int(headerEnd))...), "expected"},
		"ranges overlap":            {safetensors(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3), "overlaps"},
		"range outside the file":    {safetensors(tensor+`[32,4,3,3],"data_offsets":[0,2304]}}`, 100), "incomplete"},
		"a shape of 2^63":           {safetensors(tensor+`[9223372036854775808],"data_offsets":[0,8]}}`, 8), "2^63-1"},
		"a shape that wraps around": {safetensors(tensor+`[4611686018427387904,4],"data_offsets":[0,8]}}`, 8), "too large"},
		"no tensors":                {safetensors(`{}`, 0), "no tensors"},
		"a LoRA":                    {safetensors(`{"lora_unet_x.lora_up.weight":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), "LoraLoader"},
		"Flux":                      {safetensors(`{"double_blocks.0.img_attn.norm.key_norm.scale":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), "Flux"},
		"Stable Diffusion 3":        {safetensors(`{"model.diffusion_model.joint_blocks.0.context_block.attn.qkv.weight":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), "Stable Diffusion 3"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			base := t.TempDir()
			path := filepath.Join(base, "models", "checkpoints", "bad.safetensors")
			write(t, path, tt.content)
			before := list(t, base)
			got := oneactor(t, "run", demoWorkflow, "--base-directory", base, "--device", "cpu", "--set", "Checkpoint.ckpt_name=bad.safetensors")
			got.check(t, 1, "node 1 (CheckpointLoaderSimple)", path, tt.says)
			if after := list(t, base); after != before || got.out != "" {
				t.Errorf("stdout %q, and the folder became\n%s", got.out, after)
			}
		})
	}
}

// TestBadWorkflow: mistakes are told at once, each on its node, and nothing is written.
func TestBadWorkflow(t *testing.T) {
	nested := strings.Repeat(`{"a":`, 1<<20)
	tests := map[string]struct {
		stdin string // instead of the demo workflow
		args  []string
		says  []string
	}{
		"not JSON":             {stdin: "a red robot", says: []string{"standard input", "line 1"}},
		"nothing":              {stdin: " ", says: []string{"standard input"}},
		"an array":             {stdin: `[1]`, says: []string{"no workflow in here", "an array"}},
		"other JSON":           {stdin: `{"name": "x", "version": 2}`, says: []string{"no workflow in here", `"name", "version"`, "class_type"}},
		"a picture without":    {stdin: string(pngWithout(t)), says: []string{"no workflow in here", "saved without metadata"}},
		"a JPEG":               {stdin: "\xff\xd8\xff\xe0\x00\x10JFIF", says: []string{"no workflow in here", "the JPEG file has no texts"}},
		"deep nesting":         {stdin: nested, says: []string{"nest"}},
		"deep nesting, arrays": {stdin: strings.Repeat("[", 1<<22), says: []string{"nest"}},
		"above 64 MiB":         {stdin: strings.Repeat(" ", 64<<20+1), says: []string{"more than 64 MiB of JSON"}},
		"an unknown class":     {stdin: `{"1": {"class_type": "KSamplre", "inputs": {}}}`, says: []string{"node 1", "KSamplre", "did you mean KSampler"}},
		"no outputs":           {stdin: `{"1": {"class_type": "EmptyImage", "inputs": {}}}`, says: []string{"output"}},
		"an absent picture": {stdin: `{"1": {"class_type": "LoadImage", "inputs": {"image": "missing.png"}},
			"2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}}`, says: []string{"node 1 (LoadImage)", "missing.png", "input"}},
		"a picture outside": {stdin: `{"1": {"class_type": "LoadImage", "inputs": {"image": "../../../etc/passwd"}},
			"2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}}`, says: []string{"node 1 (LoadImage)", "passwd"}},
		"a missing model":     {args: []string{"--set", "Checkpoint.ckpt_name=tiny-actor.ckpt"}, says: []string{"node 1 (CheckpointLoaderSimple)", "tiny-actor.ckpt", "tiny-actors.safetensors", "looked for in /", "models/checkpoints"}},
		"width too small":     {args: []string{"--set", "Size.width=15"}, says: []string{"node 4 (EmptyLatentImage)", "width", "15", "16 to 16384"}},
		"width too large":     {args: []string{"--set", "Size.width=16385"}, says: []string{"width", "16385", "16 to 16384"}},
		"a batch of 0":        {args: []string{"--set", "Size.batch_size=0"}, says: []string{"batch_size", "1 to 4096"}},
		"cfg NaN":             {args: []string{"--set", "Sampler.cfg=NaN"}, says: []string{"node 5 (KSampler)", "cfg", "not a finite number"}},
		"cfg infinite":        {args: []string{"--set", "Sampler.cfg=Inf"}, says: []string{"cfg"}},
		"an unknown sampler":  {args: []string{"--set", "Sampler.sampler_name=dpm++"}, says: []string{"sampler_name", "dpm++"}},
		"everything at once":  {args: []string{"--set", "Size.width=1", "--set", "Sampler.steps=0"}, says: []string{"node 4 (EmptyLatentImage)", "node 5 (KSampler)"}},
		"--set without node":  {args: []string{"--set", "steps=3"}, says: []string{"NODE.INPUT=VALUE"}},
		"--set unknown node":  {args: []string{"--set", "Smapler.steps=3"}, says: []string{"Smapler", "5 (Sampler)"}},
		"--set unknown input": {args: []string{"--set", "Sampler.step=3"}, says: []string{"step", "steps"}},
		"--set not a number":  {args: []string{"--set", "Sampler.steps=many"}, says: []string{`"many" is not a whole number`}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			base := demoBase(t)
			before := list(t, base)
			file := demoWorkflow
			if tt.stdin != "" {
				file = "-"
			}
			for _, json := range []string{"--json=false", "--json"} {
				got := call{stdin: tt.stdin, args: append([]string{"run", file, "--base-directory", base, json}, tt.args...)}.run(t)
				got.check(t, 2, tt.says...)
				if body := strings.HasPrefix(got.out, `{"error": {"type": "`) && strings.Contains(got.out, `"node_errors": {`) &&
					strings.Count(got.out, "\n") == 1; (json == "--json") != body && !strings.Contains(strings.Join(tt.says, ""), "NODE.INPUT") {
					t.Errorf("%s: stdout %.300q", json, got.out)
				}
			}
			if after := list(t, base); after != before {
				t.Errorf("the folder became\n%s", after)
			}
		})
	}
}

// TestUsage: mistakes on the command line end with 2 and say what to do.
func TestUsage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	tests := map[string]struct {
		args []string
		says []string
	}{
		"no file":                  {[]string{"run"}, []string{"oneactor run FILE..."}},
		"an unknown flag":          {[]string{"run", "--stpes", "3"}, []string{"--stpes", "oneactor run --help"}},
		"an unknown command":       {[]string{"rnu"}, []string{"rnu", "run"}},
		"no such file":             {[]string{"run", "none.json"}, []string{"none.json", "no such file"}},
		"a folder":                 {[]string{"validate", "workflows"}, []string{"workflows is a folder"}},
		"device":                   {[]string{"run", demoWorkflow, "--device", "gpu"}, []string{`"gpu"`, "auto, cpu, cuda or cuda:N"}},
		"threads":                  {[]string{"run", demoWorkflow, "--threads", "-1"}, []string{"-1 threads"}},
		"weights":                  {[]string{"run", demoWorkflow, "--weights", "big"}, []string{`"big"`, "mapped"}},
		"no base directory":        {[]string{"models", "--base-directory", file + "/none"}, []string{"--base-directory", file}},
		"base directory is a file": {[]string{"models", "--base-directory", file}, []string{"--base-directory", "not a folder"}},
		"no extra paths":           {[]string{"models", "--extra-model-paths-config", "none.yaml"}, []string{"none.yaml"}},
		"a model folder":           {[]string{"models", "checkpoint"}, []string{`"checkpoint"`, "checkpoints"}},
		"a node class":             {[]string{"nodes", "sampler"}, []string{"KSampler"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := oneactor(t, tt.args...)
			got.check(t, 2, tt.says...)
			if got.out != "" {
				t.Errorf("stdout %q", got.out)
			}
		})
	}
}

// oldLibrary answers as an onnxruntime of an earlier version.
const oldLibrary = `
#include <stddef.h>
#include <stdint.h>
static const void *api(uint32_t v) { return NULL; }
static const char *version(void) { return "1.17.3"; }
static struct { const void *(*api)(uint32_t); const char *(*version)(void); } base = { api, version };
void *OrtGetApiBase(void) { return &base; }
`

// TestNoLibrary: what was tried, and how to get it.
func TestNoLibrary(t *testing.T) {
	dir := t.TempDir()
	text, old := filepath.Join(dir, "libonnxruntime.so.1"), filepath.Join(dir, "old.so")
	write(t, text, []byte("version https://git-lfs.github.com/spec/v1\n"))
	write(t, old+".c", []byte(oldLibrary))
	if out, err := exec.Command("cc", "-shared", "-fPIC", "-o", old, old+".c").CombinedOutput(); err != nil {
		t.Fatalf("cgo needs a C compiler, so there is one: %v: %s", err, out)
	}
	for name, library := range map[string]string{"no such file": "/no/such/libonnxruntime.so", "not a library": text, "too old": old} {
		t.Run(name, func(t *testing.T) {
			base := demoBase(t)
			before := list(t, base)
			oneactor(t, demo(base, "--onnxruntime", library)...).check(t, 1, library, name, "make setup", "pip install onnxruntime", "--onnxruntime")
			if after := list(t, base); after != before {
				t.Errorf("the folder became\n%s", after)
			}
			got := oneactor(t, "doctor", "--onnxruntime", library)
			if got.code != 1 || !strings.Contains(got.out, library) || !strings.Contains(got.out, "make setup") {
				t.Errorf("doctor: exit code %d\n%s", got.code, got.out)
			}
		})
	}
}

// TestNoPlaceForResults: nothing is computed for a folder that cannot be written to.
func TestNoPlaceForResults(t *testing.T) {
	base := demoBase(t)
	file := filepath.Join(base, "file")
	write(t, file, nil)
	before := list(t, base)
	got := oneactor(t, demo(base, "--json", "--output-directory", filepath.Join(file, "out"))...)
	got.check(t, 1, file+" is not a folder", "--output-directory")
	if after := list(t, base); after != before || !strings.HasPrefix(got.out, `{"error": {"type": "output_folder"`) || strings.Count(got.out, "\n") != 1 {
		t.Errorf("stdout %s, and the folder became\n%s", got.out, after)
	}
}

// fullDisk has room for some bytes; cancel is called when they are written.
type fullDisk struct {
	room   int
	cancel context.CancelFunc
}

func (d *fullDisk) MkdirAll(dir string) error        { return os.MkdirAll(dir, 0o777) }
func (d *fullDisk) Publish(temp, final string) error { return os.Rename(temp, final) }
func (d *fullDisk) Remove(path string) error         { return os.Remove(path) }

func (d *fullDisk) CreateTemp(dir string) (folder.File, error) {
	f, err := os.CreateTemp(dir, "")
	return fullFile{f, d}, err
}

type fullFile struct {
	*os.File
	disk *fullDisk
}

func (f fullFile) Write(b []byte) (int, error) {
	if f.disk.cancel != nil {
		f.disk.cancel()
		return f.File.Write(b)
	}
	n, err := f.File.Write(b[:min(len(b), f.disk.room)])
	f.disk.room -= n
	if err == nil && n < len(b) {
		err = syscall.ENOSPC
	}
	return n, err
}

// TestSaveFails: of a picture that could not be saved nothing stays behind, and the one before it is kept.
func TestSaveFails(t *testing.T) {
	const workflow = `{"1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 255}},
		"2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "a"}}}`
	tests := map[string]struct {
		room int // bytes; negative: enough, and Ctrl-C comes with the first of them
		says []string
	}{
		"the disk is full":    {100, []string{"no space left on device", "a_00002_.png"}},
		"Ctrl-C while saving": {-1, []string{"interrupted"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			disk := &fullDisk{room: tt.room}
			if tt.room < 0 {
				disk.cancel = cancel
			}
			base := t.TempDir()
			call{stdin: workflow, args: []string{"run", "-", "--base-directory", base}}.run(t).check(t, 0)
			before := list(t, filepath.Join(base, "output"))
			got := call{ctx: ctx, disk: disk, stdin: workflow, args: []string{"run", "-", "--base-directory", base}}.run(t)
			got.check(t, 1, tt.says...)
			// The time of change of the folder itself is that of the file that came and went.
			if after := list(t, filepath.Join(base, "output")); lines(after)[1] != lines(before)[1] || len(lines(after)) != 2 || got.out != "" {
				t.Errorf("stdout %q, and the folder became\n%s", got.out, after)
			}
		})
	}
}

func lines(s string) []string { return strings.Split(strings.TrimSuffix(s, "\n"), "\n") }

// pngWithout is a picture without texts.
func pngWithout(t *testing.T) []byte {
	t.Helper()
	base := t.TempDir()
	const workflow = `{"1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 255}},
		"2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "a"}}}`
	call{stdin: workflow, args: []string{"run", "-", "--base-directory", base, "--disable-metadata"}}.run(t).check(t, 0)
	return read(t, filepath.Join(base, "output", "a_00001_.png"))
}
