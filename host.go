package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/internal/machine"
	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/ort"
)

// host is the runtime as front ends see it.
type host struct {
	*runtime.Runtime
	options ort.Options
	doctor  func() frontend.Diagnosis // asked once
}

var _ frontend.Host = host{}

func openHost(s frontend.Settings) (frontend.Host, error) { return openHostOn(nil, s) }

// openHostOn saves on disk; nil is the file system.
func openHostOn(disk folder.Disk, s frontend.Settings) (frontend.Host, error) {
	if err := errors.Join(isFolder("base", s.BaseDirectory), isFolder("input", s.InputDirectory)); err != nil {
		return nil, err
	}
	layout, err := folder.New(folder.Config{
		Base: s.BaseDirectory, Output: s.OutputDirectory, Input: s.InputDirectory, Temp: s.TempDirectory, User: s.UserDirectory,
		ExtraPaths: s.ExtraModelPaths, Disk: disk,
	})
	if err != nil {
		return nil, err
	}
	policy := runtime.WeightsPolicy(cmp.Or(s.Weights, string(runtime.WeightsAuto)))
	if known := policy.Choices(); !slices.Contains(known, string(policy)) {
		return nil, fmt.Errorf("--weights %q: use %s", s.Weights, strings.Join(known, ", "))
	}
	options := ort.Options{Library: s.Library, Device: s.Device, CUDA: s.CUDA, Threads: s.Threads}
	if err := options.Check(); err != nil {
		return nil, err
	}
	previews := runtime.PreviewMethod(cmp.Or(s.PreviewMethod, string(runtime.PreviewNone)))
	if known := previews.Choices(); !slices.Contains(known, string(previews)) {
		return nil, fmt.Errorf("--preview-method %q: use %s", s.PreviewMethod, strings.Join(known, ", "))
	}
	rt, err := runtime.New(runtime.Config{Folders: layout, ORT: options, Weights: policy, Previews: previews, DisableMetadata: s.DisableMetadata})
	if err != nil {
		return nil, err
	}
	h := host{Runtime: rt, options: options}
	h.doctor = sync.OnceValue(h.Doctor)
	return h, nil
}

// isFolder finds a mistyped directory; the others are made when they are needed.
func isFolder(flag, dir string) error {
	if dir == "" {
		return nil
	}
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--%s-directory %s: there is no such folder", flag, dir)
	}
	if err == nil && !info.IsDir() {
		err = errors.New("not a folder")
	}
	if err != nil {
		return fmt.Errorf("--%s-directory %s: %w", flag, dir, err)
	}
	return nil
}

func (h host) Bind(ctx context.Context) context.Context { return runtime.With(ctx, h.Runtime) }

func (h host) Path(folderType, subfolder, filename string) string {
	return filepath.Join(h.Runtime.Folders.Dir(folder.Root(folderType)), subfolder, filename)
}

func (h host) CheckOutput() error { return h.Runtime.Folders.Writable(folder.Output) }

func (h host) Close() error { return errors.Join(h.Runtime.Close(), h.Runtime.Folders.Close()) }

func (h host) Folders() ([]frontend.Folder, error) {
	var out []frontend.Folder
	for _, key := range h.Runtime.Folders.Keys() {
		dirs, err := h.Runtime.Folders.Dirs(key)
		if err != nil {
			return nil, err
		}
		names, err := h.Runtime.Folders.List(key)
		if err != nil {
			return nil, err
		}
		out = append(out, frontend.Folder{Key: key, Directories: dirs, Models: names})
	}
	return out, nil
}

func (h host) Doctor() frontend.Diagnosis {
	r := ort.Diagnose(h.options)
	d := frontend.Diagnosis{
		Library: r.Library, Version: r.Version, Providers: r.Providers, Device: r.Device, Threads: r.Threads,
		Note: r.Note, Problem: r.Problem, Memory: machine.MemoryLimit(), GPUMemory: r.GPUMemory,
	}
	for _, a := range r.CUDA {
		d.CUDA = append(d.CUDA, frontend.Attempt{Source: a.Source, Path: a.Path, Version: a.Version, Problem: a.Problem})
	}
	for _, a := range r.Tried {
		d.Tried = append(d.Tried, frontend.Attempt{Source: a.Source, Path: a.Path, Version: a.Version, Problem: a.Problem})
	}
	return d
}
