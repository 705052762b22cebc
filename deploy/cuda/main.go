// Command cuda fetches what oneactor needs for an NVIDIA GPU into a folder: onnxruntime with its CUDA provider, and those of NVIDIA's libraries
// that the system does not have. They are the wheels of the Python Package Index, checked by their SHA-256; Python is not needed.
//
//	go run ./deploy/cuda bin
package main

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// wheel is a package of a version and the library that shows that the system has it already; "" fetches it always.
type wheel struct{ name, version, library string }

// CUDA 13.0 and cuDNN 9 are what onnxruntime-gpu 1.31 is built for; later minor versions of NVIDIA's libraries fit.
var wheels = []wheel{
	{"onnxruntime-gpu", "1.31.1", ""},
	{"nvidia-cuda-runtime", "13.0.96", "libcudart.so.13"},
	{"nvidia-cuda-nvrtc", "13.0.88", "libnvrtc.so.13"},
	{"nvidia-nvjitlink", "13.0.88", "libnvJitLink.so.13"},
	{"nvidia-cublas", "13.1.0.3", "libcublas.so.13"},
	{"nvidia-curand", "10.4.0.35", "libcurand.so.10"},
	{"nvidia-cufft", "12.0.0.61", "libcufft.so.12"},
	{"nvidia-cudnn-cu13", "9.19.0.56", "libcudnn.so.9"},
}

// shared are the files of a wheel that are wanted: libraries, but not those of the TensorRT provider or of Python itself.
var shared = regexp.MustCompile(`/(lib[^/]*\.so[.0-9]*)$`)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "cuda:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return errors.New("usage: cuda FOLDER")
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return fmt.Errorf("onnxruntime-gpu is published for Linux on x86-64; this is %s on %s", runtime.GOOS, runtime.GOARCH)
	}
	installed := systemLibraries(ctx)
	for _, w := range wheels {
		folder := args[0]
		if w.library != "" {
			if strings.Contains(installed, w.library+" ") {
				fmt.Printf("%s: the system has %s\n", w.name, w.library)
				continue
			}
			folder = filepath.Join(folder, "cuda")
		}
		if err := w.fetch(ctx, folder); err != nil {
			return fmt.Errorf("%s %s: %w", w.name, w.version, err)
		}
	}
	return nil
}

// systemLibraries is what the dynamic linker knows; nothing where it does not say.
func systemLibraries(ctx context.Context) string {
	for _, program := range []string{"ldconfig", "/sbin/ldconfig"} {
		if text, err := exec.CommandContext(ctx, program, "-p").Output(); err == nil {
			return string(text)
		}
	}
	return ""
}

// file is a wheel in the package index (PEP 691).
type file struct {
	Filename string            `json:"filename"`
	URL      string            `json:"url"`
	Size     int64             `json:"size"`
	Hashes   map[string]string `json:"hashes"`
}

// fetch downloads the wheel and unpacks its libraries, unless that was done before.
func (w wheel) fetch(ctx context.Context, folder string) error {
	mark := filepath.Join(folder, "."+w.name+"-"+w.version)
	if _, err := os.Stat(mark); err == nil {
		fmt.Printf("%s %s: there\n", w.name, w.version)
		return nil
	}
	f, err := w.find(ctx)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	fmt.Printf("%s %s: %d MB\n", w.name, w.version, f.Size/1e6)
	download, err := os.CreateTemp(folder, ".download-*")
	if err != nil {
		return err
	}
	defer os.Remove(download.Name())
	defer download.Close()
	if err := f.save(ctx, download); err != nil {
		return err
	}
	if err := unpack(download, folder); err != nil {
		return err
	}
	return os.WriteFile(mark, nil, 0o644)
}

// find looks the wheel up: the one for this platform, of any Python where several are published.
func (w wheel) find(ctx context.Context) (file, error) {
	index := os.Getenv("PIP_INDEX_URL")
	if index == "" {
		index = "https://pypi.org/simple"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(index, "/")+"/"+w.name+"/", nil)
	if err != nil {
		return file{}, err
	}
	request.Header.Set("Accept", "application/vnd.pypi.simple.v1+json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return file{}, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return file{}, fmt.Errorf("%s answers %s", request.URL, answer.Status)
	}
	var list struct{ Files []file }
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil {
		return file{}, fmt.Errorf("%s: %w", request.URL, err)
	}
	prefix := strings.ReplaceAll(w.name, "-", "_") + "-" + w.version + "-"
	var found file
	for _, f := range list.Files {
		if strings.HasPrefix(f.Filename, prefix) && strings.Contains(f.Filename, "manylinux") && strings.HasSuffix(f.Filename, "x86_64.whl") {
			found = f
		}
	}
	if found.URL == "" {
		return file{}, fmt.Errorf("%s has no wheel for Linux on x86-64", request.URL)
	}
	return found, nil
}

// save writes the file and compares its hash.
func (f file) save(ctx context.Context, out io.Writer) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", f.URL, answer.Status)
	}
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(out, hash), answer.Body); err != nil {
		return err
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != f.Hashes["sha256"] {
		return fmt.Errorf("%s: SHA-256 is %s, the index says %s", f.Filename, got, f.Hashes["sha256"])
	}
	return nil
}

// unpack writes the libraries of a wheel into a folder, under their names alone.
func unpack(wheel *os.File, folder string) error {
	info, err := wheel.Stat()
	if err != nil {
		return err
	}
	archive, err := zip.NewReader(wheel, info.Size())
	if err != nil {
		return err
	}
	for _, entry := range archive.File {
		if shared.MatchString("/"+entry.Name) && !strings.Contains(entry.Name, "tensorrt") {
			if err := unpackOne(entry, filepath.Join(folder, path.Base(entry.Name))); err != nil {
				return err
			}
		}
	}
	return link(folder)
}

func unpackOne(entry *zip.File, to string) (err error) {
	in, err := entry.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(to), ".library-*")
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Chmod(0o755), out.Close()); err != nil {
		return errors.Join(err, os.Remove(out.Name()))
	}
	return os.Rename(out.Name(), to)
}

// link gives onnxruntime's library, whose file has its whole version, the name that programs look for.
func link(folder string) error {
	files, err := filepath.Glob(filepath.Join(folder, "libonnxruntime.so.*.*"))
	if err != nil || len(files) == 0 {
		return err
	}
	name := filepath.Join(folder, "libonnxruntime.so.1")
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Symlink(filepath.Base(files[len(files)-1]), name)
}
