package ort

/*
#cgo linux LDFLAGS: -ldl
#include <stdlib.h>
#include "native.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	onnxruntime "github.com/yalue/onnxruntime_go"
)

// library is a loaded shared library.
type library struct{ handle unsafe.Pointer }

func openLibrary(path string) (library, error) {
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	var problem *C.char
	handle := C.ort_open(cpath, &problem)
	if handle == nil {
		return library{}, fmt.Errorf("not a library that loads here: %s", C.GoString(problem))
	}
	return library{handle}, nil
}

func (l library) close() { C.ort_close(l.handle) }

// version is what the library says it is; false when it is not onnxruntime.
func (l library) version() (string, bool) {
	base := C.ort_get_base(l.handle)
	if base == nil {
		return "", false
	}
	return C.GoString(C.ort_version(base)), true
}

// api is onnxruntime's table of functions.
type api struct{ table C.ort_api }

func (l library) api() (api, error) {
	table := C.ort_get_api(C.ort_get_base(l.handle), apiVersion)
	if table == nil {
		return api{}, fmt.Errorf("onnxruntime does not offer version %d of its interface; use %s or later", apiVersion, MinVersion)
	}
	return api{table}, nil
}

// failure takes over a message of native.c; nil when there is none.
func failure(message *C.char) error {
	if message == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(message))
	return errors.New(C.GoString(message))
}

// providers are the execution providers the library was built with.
func (a api) providers() ([]string, error) {
	var names **C.char
	var n C.int
	if err := failure(C.ort_providers(a.table, &names, &n)); err != nil {
		return nil, err
	}
	defer C.ort_release_providers(a.table, names, n)
	providers := make([]string, 0, int(n))
	for _, name := range unsafe.Slice(names, int(n)) {
		providers = append(providers, C.GoString(name))
	}
	return providers, nil
}

// cancelLoad makes the load that uses these options fail soon. It may be called while the load runs.
func (a api) cancelLoad(options *onnxruntime.SessionOptions) error {
	return failure(C.ort_cancel_load(a.table, pointer(options)))
}

// set adds an entry to the configuration of one run.
func (a api) set(options *onnxruntime.RunOptions, key, value string) error {
	k, v := C.CString(key), C.CString(value)
	defer C.free(unsafe.Pointer(k))
	defer C.free(unsafe.Pointer(v))
	return failure(C.ort_run_setting(a.table, pointer(options), k, v))
}

// pointer is the C object in a value of the wrapper, which keeps it in its only field.
func pointer[T onnxruntime.SessionOptions | onnxruntime.RunOptions](wrapped *T) unsafe.Pointer {
	return reflect.ValueOf(wrapped).Elem().Field(0).UnsafePointer()
}

// returnMemory makes freed weights go back to the system.
func returnMemory() { C.ort_return_memory() }

// keepLoaded loads a library for good, visible to all that are loaded later, and returns its file.
func keepLoaded(path string) (string, error) {
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	var problem *C.char
	if C.cuda_keep(cpath, &problem) == 0 {
		return "", errors.New(C.GoString(problem))
	}
	if file := C.cuda_path(cpath); file != nil {
		defer C.free(unsafe.Pointer(file))
		return C.GoString(file), nil
	}
	return path, nil
}

// cudaVersions are those of the driver, the runtime (13000 for 13.0) and cuDNN (91002 for 9.10.2); 0 where one is not loaded.
func cudaVersions() (driver, runtime, cudnn int) {
	var d, r, n C.int
	C.cuda_versions(&d, &r, &n)
	return int(d), int(r), int(n)
}

// cudaMemory is the free and the whole memory of a device in bytes, 0 where CUDA does not say.
func cudaMemory(device int) (unused, total int64) {
	var u, t C.size_t
	C.cuda_memory(C.int(device), &u, &t)
	return int64(u), int64(t)
}
