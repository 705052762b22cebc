package ort

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// ErrNoLibrary is wrapped when no usable onnxruntime library was found.
var ErrNoLibrary = errors.New("onnxruntime not found")

// LibraryEnv names the environment variable with the path of the library.
const LibraryEnv = "ONNXRUNTIME_LIB"

// Attempt is one place where the library was looked for. Problem is empty for a usable one.
type Attempt struct {
	Path      string
	Source    string // why this place was looked at, such as "beside the program"
	Version   string
	Providers []string
	Problem   string
}

// place is a path, folder or pattern to look at.
type place struct{ source, pattern string }

// Find looks for usable libraries and returns every attempt in order of preference.
// A path given by the caller or by the environment is the only one tried: a wrong setting must not go unnoticed.
func Find(explicit string) []Attempt {
	if explicit != "" {
		return tryNamed("given path", explicit)
	}
	if path := os.Getenv(LibraryEnv); path != "" {
		return tryNamed(LibraryEnv, path)
	}
	return tryAll(places())
}

// tryAll tries each file once, whatever links lead to it.
func tryAll(places []place) []Attempt {
	var attempts []Attempt
	seen := map[string]bool{}
	for _, p := range places {
		for _, path := range expand(p.pattern) {
			real, err := filepath.EvalSymlinks(path)
			if err != nil || seen[real] {
				continue
			}
			seen[real] = true
			attempts = append(attempts, try(p.source, path))
		}
	}
	return attempts
}

// tryNamed tries a path that the user named: a file, or a folder that holds the library.
func tryNamed(source, path string) []Attempt {
	info, err := os.Stat(path)
	if err != nil {
		problem := err.Error()
		if errors.Is(err, fs.ErrNotExist) {
			problem = "no such file"
		}
		return []Attempt{{Path: path, Source: source, Problem: problem}}
	}
	if !info.IsDir() {
		return []Attempt{try(source, path)}
	}
	var inside []place
	for _, name := range libraryNames() {
		inside = append(inside, place{source, filepath.Join(path, name)})
	}
	attempts := tryAll(inside)
	if len(attempts) == 0 {
		attempts = []Attempt{{Path: path, Source: source, Problem: "a folder without " + libraryNames()[0]}}
	}
	return attempts
}

func try(source, path string) Attempt {
	a := Attempt{Path: path, Source: source}
	if abs, err := filepath.Abs(path); err == nil {
		a.Path = abs
	}
	version, providers, err := probe(a.Path)
	a.Version, a.Providers = version, present(providers, a.Path)
	if err != nil {
		a.Problem = err.Error()
	}
	return a
}

// present drops the providers that are libraries of their own and not installed: builds name them all the same, and the
// npm package, for one, leaves the file of the CUDA provider out.
func present(providers []string, library string) []string {
	if real, err := filepath.EvalSymlinks(library); err == nil {
		library = real
	}
	files := map[string]string{cudaProvider: "cuda", "TensorrtExecutionProvider": "tensorrt"}
	return slices.DeleteFunc(providers, func(provider string) bool {
		name, apart := files[provider]
		if !apart {
			return false
		}
		_, err := os.Stat(filepath.Join(filepath.Dir(library), "libonnxruntime_providers_"+name+".so"))
		return err != nil
	})
}

// libraryNames are file patterns of the library, the stable name first.
func libraryNames() []string {
	if runtime.GOOS == "darwin" {
		return []string{"libonnxruntime.1.dylib", "libonnxruntime.dylib", "libonnxruntime.*.dylib"}
	}
	return []string{"libonnxruntime.so.1", "libonnxruntime.so", "libonnxruntime.so.*"}
}

// places lists where an installed library may lie, most specific to this program first.
func places() []place {
	var out []place
	add := func(source string, folders ...string) {
		for _, folder := range folders {
			for _, name := range libraryNames() {
				out = append(out, place{source, filepath.Join(folder, name)})
			}
		}
	}
	exe, roots := "", []string(nil)
	if path, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real
		}
		exe = filepath.Dir(path)
		add("beside the program", exe, filepath.Join(exe, "lib"))
		roots = append(roots, parents(exe)...)
	}
	if wd, err := os.Getwd(); err == nil && wd != exe {
		roots = append(roots, parents(wd)...)
	}
	for _, root := range roots {
		add("npm package onnxruntime-node", filepath.Join(root, npmFolder()))
	}
	for _, site := range pythonSites(roots) {
		add("Python package onnxruntime", filepath.Join(site, "onnxruntime", "capi"))
	}
	for _, variable := range []string{"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} {
		for _, folder := range filepath.SplitList(os.Getenv(variable)) {
			if folder != "" {
				add(variable, folder)
			}
		}
	}
	add("system", "/usr/local/lib", "/usr/local/lib64", "/usr/lib", "/usr/lib64", "/usr/lib/*-linux-gnu",
		"/opt/onnxruntime*/lib", "/opt/homebrew/lib", "/opt/local/lib")
	return out
}

// npmFolder is where npm puts the library of onnxruntime-node, relative to the root of the repository.
func npmFolder() string {
	arch := map[string]string{"amd64": "x64"}[runtime.GOARCH]
	if arch == "" {
		arch = runtime.GOARCH
	}
	return filepath.Join("frontend", "web", "node_modules", "onnxruntime-node", "bin", "napi-v6", runtime.GOOS, arch)
}

// pythonSites lists patterns of site-packages folders: active and nearby environments, then the user's, then global ones.
func pythonSites(roots []string) []string {
	var prefixes []string
	for _, variable := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if v := os.Getenv(variable); v != "" {
			prefixes = append(prefixes, v)
		}
	}
	for _, root := range roots {
		prefixes = append(prefixes, filepath.Join(root, ".venv"), filepath.Join(root, "venv"))
	}
	if python, err := exec.LookPath("python3"); err == nil {
		prefixes = append(prefixes, filepath.Dir(filepath.Dir(python)))
	}
	if home, err := os.UserHomeDir(); err == nil {
		prefixes = append(prefixes, filepath.Join(home, ".local"), filepath.Join(home, ".pyenv", "versions", "*"))
	}
	prefixes = append(prefixes, "/usr/local", "/usr")
	var sites []string
	for _, prefix := range prefixes {
		for _, folder := range []string{"site-packages", "dist-packages"} {
			sites = append(sites, filepath.Join(prefix, "lib", "python3*", folder))
		}
	}
	return sites
}

// parents lists folder and the folders around it, innermost first.
func parents(folder string) []string {
	var out []string
	for {
		out = append(out, folder)
		up := filepath.Dir(folder)
		if up == folder {
			return out
		}
		folder = up
	}
}

// expand resolves a pattern; a plain path that does not exist gives nothing.
func expand(pattern string) []string {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return nil
	}
	slices.Sort(paths)
	return paths
}

// noLibrary says what was tried and how to get a library.
func noLibrary(attempts []Attempt, want string) error {
	var b strings.Builder
	for _, a := range attempts {
		problem := a.Problem
		if problem == "" {
			problem = "version " + a.Version + " has only " + strings.Join(a.Providers, ", ")
		}
		fmt.Fprintf(&b, "\n  %s (%s): %s", a.Path, a.Source, problem)
	}
	if len(attempts) == 0 {
		b.WriteString("\n  nothing beside the program, in npm or Python packages, or in the system's library folders")
	}
	return fmt.Errorf("%w%s; tried:%s\nget onnxruntime %s or later with \"make setup\" (npm package onnxruntime-node) or "+
		"\"pip install onnxruntime\" (onnxruntime-gpu for CUDA), or name the library in %s or with --onnxruntime",
		ErrNoLibrary, want, b.String(), MinVersion, LibraryEnv)
}
