package ort

/*
#cgo linux LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

// The two entries of OrtApiBase, and the places in OrtApi of the functions used here. Both tables only ever grow at
// the end (onnxruntime_c_api.h), so no header of onnxruntime is needed to build.
typedef struct {
	const void *(*GetApi)(uint32_t version);
	const char *(*GetVersionString)(void);
} oneactor_ort_base;

enum { ORT_RELEASE_STATUS = 93, ORT_GET_AVAILABLE_PROVIDERS = 125, ORT_RELEASE_AVAILABLE_PROVIDERS = 126 };

static void *oneactor_ort_open(const char *path, char **problem) {
	void *lib = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	if (!lib) *problem = dlerror();
	return lib;
}

static oneactor_ort_base *oneactor_ort_get_base(void *lib) {
	oneactor_ort_base *(*get)(void) = (oneactor_ort_base * (*)(void)) dlsym(lib, "OrtGetApiBase");
	return get ? get() : NULL;
}

static const char *oneactor_ort_version(oneactor_ort_base *base) { return base->GetVersionString(); }

static char **oneactor_ort_providers(oneactor_ort_base *base, uint32_t version, int *n) {
	void *const *api = (void *const *)base->GetApi(version);
	char **names = NULL;
	*n = 0;
	if (!api) return NULL;
	void *(*get)(char ***, int *) = (void *(*)(char ***, int *))api[ORT_GET_AVAILABLE_PROVIDERS];
	void *status = get(&names, n);
	if (status) {
		((void (*)(void *))api[ORT_RELEASE_STATUS])(status);
		*n = 0;
		return NULL;
	}
	return names;
}

static void oneactor_ort_release_providers(oneactor_ort_base *base, uint32_t version, char **names, int n) {
	void *const *api = (void *const *)base->GetApi(version);
	if (api && names) ((void *(*)(char **, int))api[ORT_RELEASE_AVAILABLE_PROVIDERS])(names, n);
}
*/
import "C"

import (
	"fmt"
	"strconv"
	"strings"
	"unsafe"
)

// apiVersion is the C interface the Go wrapper asks for. A library that does not have it makes the wrapper fail with a
// number, so probe reads the version first, which every release answers.
const apiVersion = 24

// MinVersion is the oldest onnxruntime that has the C interface in use.
const MinVersion = "1.24"

// probe loads the library at path, and reads its version and the execution providers it was built with.
// An error says why the library cannot be used; version is set as soon as it is known.
func probe(path string) (version string, providers []string, err error) {
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	var problem *C.char
	lib := C.oneactor_ort_open(cpath, &problem)
	if lib == nil {
		return "", nil, fmt.Errorf("not a library that loads here: %s", C.GoString(problem))
	}
	defer C.dlclose(lib)
	base := C.oneactor_ort_get_base(lib)
	if base == nil {
		return "", nil, fmt.Errorf("a library, but not onnxruntime (no OrtGetApiBase)")
	}
	version = C.GoString(C.oneactor_ort_version(base))
	if minor, ok := minorVersion(version); !ok || minor < apiVersion {
		return version, nil, fmt.Errorf("onnxruntime %s is too old; use %s or later", version, MinVersion)
	}
	var n C.int
	names := C.oneactor_ort_providers(base, apiVersion, &n)
	for _, name := range unsafe.Slice(names, int(n)) {
		providers = append(providers, C.GoString(name))
	}
	C.oneactor_ort_release_providers(base, apiVersion, names, n)
	return version, providers, nil
}

// minorVersion is the 24 of 1.24.3; a later major version counts as newer than every minor one.
func minorVersion(version string) (int, bool) {
	major, rest, _ := strings.Cut(version, ".")
	digits, _, _ := strings.Cut(rest, ".")
	m, err := strconv.Atoi(major)
	if err != nil || m < 1 {
		return 0, false
	}
	if m > 1 {
		return 1 << 20, true
	}
	minor, err := strconv.Atoi(digits)
	return minor, err == nil
}
