package ort

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	onnxruntime "github.com/yalue/onnxruntime_go"
)

// Options of a Runtime; the zero value finds the library and the device itself.
type Options struct {
	Library string // path of the shared library or its folder; empty: see Find
	Device  string // "auto" or "", "cpu", "cuda" or "cuda:N"
	Threads int    // threads of one operator; 0: one per physical core this process may use
	// CUDA are further options of onnxruntime's CUDA provider, such as gpu_mem_limit; they win over ours.
	CUDA map[string]string
}

// Device is where graphs run.
type Device struct {
	CUDA  bool
	Index int // number of the GPU
}

func (d Device) String() string {
	if d.CUDA {
		return "cuda:" + strconv.Itoa(d.Index)
	}
	return "cpu"
}

// Runtime makes sessions for one device. Several may live in one process, on the same library.
type Runtime struct {
	library Attempt
	api     api
	tried   []Attempt
	device  Device
	cuda    map[string]string // as in Options
	threads int
	note    string // why "auto" did not take the GPU
}

// environment is onnxruntime's: one per process, never torn down, because sessions of any Runtime may still use it.
var environment struct {
	sync.Mutex
	library *Attempt
	api     api
	tried   []Attempt
}

// Open finds the library, starts the environment if this is the first Runtime of the process, and checks the device.
// Errors wrap ErrNoLibrary when there is no usable library.
func Open(o Options) (*Runtime, error) {
	device, auto, err := parseDevice(o.Device)
	if err != nil {
		return nil, err
	}
	if o.Threads < 0 {
		return nil, fmt.Errorf("onnxruntime: %d threads; use 1 or more, or 0 for one per core", o.Threads)
	}
	library, tried, err := start(o.Library, device.CUDA && !auto)
	if err != nil {
		return nil, err
	}
	r := &Runtime{library: *library, api: environment.api, tried: tried, cuda: o.CUDA, threads: o.Threads}
	if r.threads == 0 {
		r.threads = defaultThreads()
	}
	if !device.CUDA {
		return r, nil
	}
	if err := r.checkCUDA(device); err != nil {
		if !auto {
			return nil, err
		}
		r.note = err.Error()
		return r, nil
	}
	r.device = device
	return r, nil
}

// start loads the library once. A later Runtime must agree with the one in use: a process can hold only one.
func start(explicit string, cuda bool) (*Attempt, []Attempt, error) {
	environment.Lock()
	defer environment.Unlock()
	if environment.library != nil && explicit == "" {
		return environment.library, environment.tried, nil
	}
	tried := Find(explicit)
	found := slices.IndexFunc(tried, func(a Attempt) bool {
		return a.Problem == "" && (!cuda || slices.Contains(a.Providers, cudaProvider))
	})
	if found < 0 {
		want := ""
		if cuda {
			want = " with the CUDA provider"
		}
		return nil, tried, noLibrary(tried, want)
	}
	library := &tried[found]
	if used := environment.library; used != nil {
		if !sameFile(used.Path, library.Path) {
			return nil, tried, fmt.Errorf("onnxruntime: this process already uses %s and cannot load %s; use one of them", used.Path, library.Path)
		}
		return used, environment.tried, nil
	}
	native, err := openLibrary(library.Path) // never closed: it is the one the wrapper loads next
	if err != nil {
		return nil, tried, fmt.Errorf("onnxruntime: %s: %w", library.Path, err)
	}
	if environment.api, err = native.api(); err != nil {
		return nil, tried, fmt.Errorf("onnxruntime: %s: %w", library.Path, err)
	}
	returnMemory()
	onnxruntime.SetSharedLibraryPath(library.Path)
	// Errors come back to the caller; the log on standard error would say them a second time.
	if err := onnxruntime.InitializeEnvironment(onnxruntime.WithLogLevelFatal()); err != nil {
		return nil, tried, fmt.Errorf("onnxruntime: starting %s: %w", library.Path, err)
	}
	// Only Windows builds send any; a build without it answers with an error.
	_ = onnxruntime.DisableTelemetry()
	environment.library, environment.tried = library, tried
	return library, tried, nil
}

func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

func parseDevice(s string) (d Device, auto bool, err error) {
	switch {
	case s == "" || s == "auto":
		return Device{CUDA: true}, true, nil
	case s == "cpu":
		return Device{}, false, nil
	case s == "cuda":
		return Device{CUDA: true}, false, nil
	}
	if number, ok := strings.CutPrefix(s, "cuda:"); ok {
		if n, err := strconv.Atoi(number); err == nil && n >= 0 {
			return Device{CUDA: true, Index: n}, false, nil
		}
	}
	return Device{}, false, fmt.Errorf("device %q is not known; use auto, cpu, cuda or cuda:N", s)
}

// Device is where sessions run.
func (r *Runtime) Device() Device { return r.device }

// Threads is how many threads one operator uses.
func (r *Runtime) Threads() int { return r.threads }

// Report is what the doctor command prints about onnxruntime.
type Report struct {
	Library   string // path in use; empty when none was found
	Version   string
	Providers []string
	Tried     []Attempt
	Device    string
	Threads   int
	Memory    Memory
	Note      string    // why the GPU is not used, if it was looked for
	CUDA      []Attempt // NVIDIA's libraries, with versions; empty where the GPU was not looked for
	GPUMemory int64     // bytes of the device, 0 for the CPU
	Problem   string    // why Open failed; empty when it did not
}

// Report describes this Runtime.
func (r *Runtime) Report() Report {
	memory, _ := ReadMemory()
	var cuda []Attempt
	if r.device.CUDA {
		cuda = cudaReport(loadCUDA())
	}
	_, total := r.DeviceMemory()
	return Report{
		CUDA: cuda, GPUMemory: total,
		Library: r.library.Path, Version: r.library.Version, Providers: r.library.Providers, Tried: r.tried,
		Device: r.device.String(), Threads: r.threads, Memory: memory, Note: r.note,
	}
}

// Diagnose opens a Runtime and reports on it, or on why that failed, with every place that was looked at.
func Diagnose(o Options) Report {
	r, err := Open(o)
	if err == nil {
		return r.Report()
	}
	memory, _ := ReadMemory()
	return Report{Tried: Find(o.Library), Threads: max(o.Threads, 0), Memory: memory, Problem: err.Error()}
}
