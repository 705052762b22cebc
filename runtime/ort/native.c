#define _GNU_SOURCE
#include "native.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "native_call.h"

#ifdef __linux__
#include <link.h>
#include <malloc.h>
#endif

// Places in OrtApi, in the order of onnxruntime_c_api.h.
enum {
	GET_ERROR_MESSAGE = 2,
	GET_PROVIDERS = 125,
	RELEASE_PROVIDERS = 126,
	ADD_RUN_CONFIG = 165,
	SET_LOAD_CANCELLATION = 293,
};

char *ort_message(ort_api api, void *status) {
	if (!status) return NULL;
	char *text = strdup(((const char *(*)(const void *))api[GET_ERROR_MESSAGE])(status));
	((void (*)(void *))api[RELEASE_STATUS])(status);
	return text;
}

void *ort_open(const char *path, const char **problem) {
	void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	if (!library) *problem = dlerror();
	return library;
}

void ort_close(void *library) { dlclose(library); }

const ort_base *ort_get_base(void *library) {
	const ort_base *(*get)(void) = (const ort_base *(*)(void))dlsym(library, "OrtGetApiBase");
	return get ? get() : NULL;
}

const char *ort_version(const ort_base *base) { return base->GetVersionString(); }

ort_api ort_get_api(const ort_base *base, uint32_t version) { return (ort_api)base->GetApi(version); }

char *ort_providers(ort_api api, char ***names, int *count) {
	return ort_message(api, call(api, GET_PROVIDERS, char ***, int *)(names, count));
}

void ort_release_providers(ort_api api, char **names, int count) {
	free(ort_message(api, call(api, RELEASE_PROVIDERS, char **, int)(names, count)));
}

char *ort_cancel_load(ort_api api, void *session_options) {
	return ort_message(api, call(api, SET_LOAD_CANCELLATION, void *, _Bool)(session_options, 1));
}

char *ort_run_setting(ort_api api, void *run_options, const char *key, const char *value) {
	return ort_message(api, call(api, ADD_RUN_CONFIG, void *, const char *, const char *)(run_options, key, value));
}

int cuda_keep(const char *path, const char **problem) {
	if (dlopen(path, RTLD_LAZY | RTLD_GLOBAL)) return 1;
	*problem = dlerror();
	return 0;
}

char *cuda_path(const char *name) {
#ifdef __linux__
	void *library = dlopen(name, RTLD_LAZY | RTLD_NOLOAD);
	struct link_map *map = NULL;
	char *path = NULL;
	if (library && dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 && map) path = strdup(map->l_name);
	if (library) dlclose(library);
	return path;
#else
	return NULL;
#endif
}

void *cuda_function(const char *library, const char *function) {
	void *handle = dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
	return handle ? dlsym(handle, function) : NULL; // the library stays loaded anyway
}

void cuda_versions(int *driver, int *runtime, int *cudnn) {
	*driver = *runtime = *cudnn = 0;
	int (*f)(int *) = (int (*)(int *))cuda_function("libcudart.so.13", "cudaDriverGetVersion");
	if (f) f(driver);
	f = (int (*)(int *))cuda_function("libcudart.so.13", "cudaRuntimeGetVersion");
	if (f) f(runtime);
	size_t (*g)(void) = (size_t (*)(void))cuda_function("libcudnn.so.9", "cudnnGetVersion");
	if (g) *cudnn = (int)g();
}

void cuda_memory(int device, size_t *unused, size_t *total) {
	*unused = *total = 0;
	int (*set)(int) = (int (*)(int))cuda_function("libcudart.so.13", "cudaSetDevice");
	int (*get)(size_t *, size_t *) = (int (*)(size_t *, size_t *))cuda_function("libcudart.so.13", "cudaMemGetInfo");
	if (set && get && set(device) == 0) get(unused, total);
}

void ort_return_memory(void) {
#ifdef __GLIBC__
	// glibc raises this threshold to 32 MB as large blocks are freed. Weights smaller than that then come from its heap,
	// which keeps them: 0.5 to 2.3 GB after a load of SD 1.5.
	mallopt(M_MMAP_THRESHOLD, 256 << 10);
#endif
}
