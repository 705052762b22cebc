package ort

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// cudaLibraries are what the CUDA provider needs of NVIDIA's, by the names it asks for, those that others need first.
var cudaLibraries = []string{
	"libcudart.so.13", "libnvrtc.so.13", "libnvJitLink.so.13", "libcublasLt.so.13", "libcublas.so.13", "libcurand.so.10", "libcufft.so.12", "libcudnn.so.9",
}

// cudaDriver is the driver's own library; its absence means that there is no driver.
const cudaDriver = "libcuda.so.1"

// loadCUDA loads NVIDIA's libraries, once per process, from where the system finds them, from the folder of onnxruntime and its folder "cuda", or
// from Python packages (nvidia-*), and returns where each came from. The provider, which names no place, then finds them loaded.
var loadCUDA = sync.OnceValue(func() []Attempt {
	environment.Lock()
	library := ""
	if environment.library != nil {
		library = environment.library.Path
	}
	environment.Unlock()
	folders := cudaFolders(library)
	var attempts []Attempt
	for _, name := range append([]string{cudaDriver}, cudaLibraries...) {
		attempts = append(attempts, loadShared(name, folders))
	}
	return attempts
})

// cudaFolders are where NVIDIA's libraries may lie beside an onnxruntime library.
func cudaFolders(library string) []string {
	var folders []string
	if library != "" {
		folders = append(folders, filepath.Dir(library), filepath.Join(filepath.Dir(library), "cuda"))
	}
	var roots []string
	if exe, err := os.Executable(); err == nil {
		folders = append(folders, filepath.Join(filepath.Dir(exe), "cuda"))
		roots = append(roots, parents(filepath.Dir(exe))...)
	}
	if wd, err := os.Getwd(); err == nil {
		roots = append(roots, parents(wd)...)
	}
	sites := pythonSites(roots)
	if library != "" { // .../site-packages/onnxruntime/capi
		sites = append([]string{filepath.Dir(filepath.Dir(filepath.Dir(library)))}, sites...)
	}
	for _, site := range sites {
		folders = append(folders, expand(filepath.Join(site, "nvidia", "*", "lib"))...)
	}
	return folders
}

// loadShared loads one library for good and for all that come after it.
func loadShared(name string, folders []string) Attempt {
	path, err := keepLoaded(name)
	if err == nil {
		return Attempt{Path: path, Source: "system"}
	}
	problem := err.Error()
	for _, folder := range folders {
		file := filepath.Join(folder, name)
		if _, err := os.Stat(file); err != nil {
			continue
		}
		if _, err = keepLoaded(file); err == nil {
			return Attempt{Path: file, Source: "file"}
		}
		problem = err.Error()
	}
	return Attempt{Path: name, Problem: problem}
}

// missingCUDA says what of NVIDIA's is missing and how to get it; nil when everything is there.
func missingCUDA(attempts []Attempt) error {
	var missing []string
	for _, a := range attempts {
		if a.Problem == "" {
			continue
		}
		if a.Path == cudaDriver {
			return fmt.Errorf("no NVIDIA driver here (%s is missing); CUDA 13 needs driver 580 or later", cudaDriver)
		}
		missing = append(missing, a.Path)
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("%s cannot be loaded; \"make cuda\" fetches them, or install CUDA 13 and cuDNN 9", strings.Join(missing, ", "))
}

// cudaReport is what doctor prints about CUDA: versions and where the libraries come from.
func cudaReport(attempts []Attempt) []Attempt {
	out := slices.Clone(attempts)
	driver, runtime, cudnn := cudaVersions()
	for i, a := range out {
		switch {
		case a.Problem != "":
		case a.Path == cudaDriver || strings.HasSuffix(a.Path, "/"+cudaDriver):
			out[i].Version = cudaVersion(driver)
		case strings.Contains(a.Path, "libcudart"):
			out[i].Version = cudaVersion(runtime)
		case strings.Contains(a.Path, "libcudnn") && cudnn > 0:
			out[i].Version = fmt.Sprintf("%d.%d.%d", cudnn/10000, cudnn/100%100, cudnn%100)
		}
	}
	return out
}

// cudaVersion is the 13.0 of 13000.
func cudaVersion(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d.%d", n/1000, n%1000/10)
}
