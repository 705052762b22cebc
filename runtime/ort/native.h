// The part of onnxruntime's C interface that the Go wrapper lacks. OrtApi is a table of functions that only ever grows at
// the end, so the places below hold for every release from 1.24 on and no header of onnxruntime is needed to build.
#ifndef ONEACTOR_ORT_NATIVE_H
#define ONEACTOR_ORT_NATIVE_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
	const void *(*GetApi)(uint32_t version);
	const char *(*GetVersionString)(void);
} ort_base;

typedef void *const *ort_api;

// ort_open loads a library; on failure it returns NULL and says why in problem, which stays valid until the next call.
void *ort_open(const char *path, const char **problem);
void ort_close(void *library);
const ort_base *ort_get_base(void *library); // NULL: not onnxruntime
const char *ort_version(const ort_base *base);
ort_api ort_get_api(const ort_base *base, uint32_t version); // NULL: the library is older

// Functions that can fail return NULL, or a message to be freed.
char *ort_providers(ort_api api, char ***names, int *count);
void ort_release_providers(ort_api api, char **names, int count);
char *ort_cancel_load(ort_api api, void *session_options);
char *ort_run_setting(ort_api api, void *run_options, const char *key, const char *value);

// cuda_keep loads a library for good, visible to all that are loaded later; on failure it says why, as ort_open does.
int cuda_keep(const char *path, const char **problem);
// cuda_path is the file that a loaded library came from; NULL where the system does not say. To be freed.
char *cuda_path(const char *name);
// cuda_versions reads the versions of the driver, the runtime and cuDNN; 0 for what is not loaded.
void cuda_versions(int *driver, int *runtime, int *cudnn);
// cuda_memory is the free and the whole memory of a device in bytes; 0 when CUDA does not say.
void cuda_memory(int device, size_t *unused, size_t *total);

// ort_return_memory makes malloc give large blocks back to the system as soon as they are freed.
void ort_return_memory(void);

#endif
