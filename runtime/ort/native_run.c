#include "native_run.h"

#include <dlfcn.h>
#include <stdlib.h>

#include "native_call.h"

// Places in OrtApi.
enum {
	RUN = 9,
	CREATE_TENSOR = 48,
	CREATE_TENSOR_WITH_DATA = 49,
	GET_TENSOR_DATA = 51,
	GET_DIMENSIONS_COUNT = 61,
	GET_DIMENSIONS = 62,
	GET_TYPE_AND_SHAPE = 65,
	CREATE_MEMORY_INFO = 68,
	CREATE_CPU_MEMORY_INFO = 69,
	ALLOCATOR_FREE = 76,
	GET_DEFAULT_ALLOCATOR = 78,
	RELEASE_MEMORY_INFO = 94,
	RELEASE_VALUE = 96,
	RELEASE_TYPE_AND_SHAPE = 99,
	CREATE_ALLOCATOR = 131,
	RELEASE_ALLOCATOR = 132,
	RUN_WITH_BINDING = 133,
	CREATE_BINDING = 134,
	RELEASE_BINDING = 135,
	BIND_INPUT = 136,
	BIND_OUTPUT = 137,
	BIND_OUTPUT_TO_DEVICE = 138,
	GET_BOUND_VALUES = 140,
};

// Kinds of allocators and of memory in onnxruntime_c_api.h.
enum { DEVICE_ALLOCATOR = 0, MEMORY_DEFAULT = 0 };

static void release(ort_api api, int place, void *object) {
	if (object) ((void (*)(void *))api[place])(object);
}

static void *memory_info(ort_api api, int device, void **info) {
	if (device < 0) return call(api, CREATE_CPU_MEMORY_INFO, int, int, void **)(DEVICE_ALLOCATOR, MEMORY_DEFAULT, info);
	return call(api, CREATE_MEMORY_INFO, const char *, int, int, int, void **)("Cuda", DEVICE_ALLOCATOR, device, MEMORY_DEFAULT, info);
}

char *ort_wrap(ort_api api, void *data, size_t bytes, const int64_t *shape, size_t rank, int type, void **value) {
	void *info = NULL;
	void *status = memory_info(api, -1, &info);
	if (!status) {
		status = call(api, CREATE_TENSOR_WITH_DATA, const void *, void *, size_t, const int64_t *, size_t, int, void **)(
			info, data, bytes, shape, rank, type, value);
	}
	release(api, RELEASE_MEMORY_INFO, info);
	return ort_message(api, status);
}

char *ort_allocate(ort_api api, void *session, int device, const int64_t *shape, size_t rank, int type, void **value, void **allocator) {
	void *info = NULL;
	*value = *allocator = NULL;
	void *status = memory_info(api, device, &info);
	if (!status) status = call(api, CREATE_ALLOCATOR, const void *, const void *, void **)(session, info, allocator);
	if (!status) {
		status = call(api, CREATE_TENSOR, void *, const int64_t *, size_t, int, void **)(*allocator, shape, rank, type, value);
	}
	release(api, RELEASE_MEMORY_INFO, info);
	if (status) {
		release(api, RELEASE_ALLOCATOR, *allocator);
		*allocator = NULL;
	}
	return ort_message(api, status);
}

void ort_release(ort_api api, void *value, void *allocator) {
	release(api, RELEASE_VALUE, value);
	release(api, RELEASE_ALLOCATOR, allocator);
}

char *ort_data(ort_api api, void *value, void **data) {
	return ort_message(api, call(api, GET_TENSOR_DATA, void *, void **)(value, data));
}

// shape_of reads the rank where shape is NULL, else the shape.
static char *shape_of(ort_api api, void *value, size_t *rank, int64_t *shape) {
	void *info = NULL;
	void *status = call(api, GET_TYPE_AND_SHAPE, const void *, void **)(value, &info);
	if (!status && !shape) status = call(api, GET_DIMENSIONS_COUNT, const void *, size_t *)(info, rank);
	if (!status && shape) status = call(api, GET_DIMENSIONS, const void *, int64_t *, size_t)(info, shape, *rank);
	release(api, RELEASE_TYPE_AND_SHAPE, info);
	return ort_message(api, status);
}

char *ort_rank(ort_api api, void *value, size_t *rank) { return shape_of(api, value, rank, NULL); }

char *ort_shape(ort_api api, void *value, int64_t *shape, size_t rank) { return shape_of(api, value, &rank, shape); }

char *ort_run(ort_api api, void *session, void *options, ort_ports in, ort_ports out) {
	return ort_message(api, call(api, RUN, void *, const void *, const char *const *, void *const *, size_t, const char *const *, size_t, void **)(
		session, options, in.names, in.values, in.count, out.names, out.count, out.values));
}

// bind names the inputs and says where each output goes.
static void *bind(ort_api api, void *binding, ort_ports in, ort_ports out, const int *devices) {
	void *status = NULL;
	for (size_t i = 0; i < in.count && !status; i++) {
		status = call(api, BIND_INPUT, void *, const char *, const void *)(binding, in.names[i], in.values[i]);
	}
	for (size_t i = 0; i < out.count && !status; i++) {
		if (out.values[i]) {
			status = call(api, BIND_OUTPUT, void *, const char *, const void *)(binding, out.names[i], out.values[i]);
			continue;
		}
		void *info = NULL;
		status = memory_info(api, devices[i], &info);
		if (!status) status = call(api, BIND_OUTPUT_TO_DEVICE, void *, const char *, const void *)(binding, out.names[i], info);
		release(api, RELEASE_MEMORY_INFO, info);
	}
	return status;
}

char *ort_run_bound(ort_api api, void *session, void *options, ort_ports in, ort_ports out, const int *devices) {
	void *binding = NULL, *allocator = NULL, **made = NULL;
	size_t count = 0;
	void *status = call(api, CREATE_BINDING, void *, void **)(session, &binding);
	if (!status) status = bind(api, binding, in, out, devices);
	if (!status) status = call(api, RUN_WITH_BINDING, void *, const void *, const void *)(session, options, binding);
	if (!status) status = call(api, GET_DEFAULT_ALLOCATOR, void **)(&allocator);
	if (!status) status = call(api, GET_BOUND_VALUES, const void *, void *, void ***, size_t *)(binding, allocator, &made, &count);
	for (size_t i = 0; i < count; i++) { // in the order of binding; each is a reference of our own
		if (i < out.count && !out.values[i]) out.values[i] = made[i];
		else release(api, RELEASE_VALUE, made[i]);
	}
	if (made) release(api, RELEASE_STATUS, call(api, ALLOCATOR_FREE, void *, void *)(allocator, made));
	release(api, RELEASE_BINDING, binding);
	return ort_message(api, status);
}

int cuda_copy(int device, void *to, const void *from, size_t bytes) {
	enum { BY_ADDRESS = 4 };
	int (*set)(int) = (int (*)(int))cuda_function("libcudart.so.13", "cudaSetDevice");
	int (*copy)(void *, const void *, size_t, int) = (int (*)(void *, const void *, size_t, int))cuda_function("libcudart.so.13", "cudaMemcpy");
	int (*wait)(void) = (int (*)(void))cuda_function("libcudart.so.13", "cudaDeviceSynchronize");
	if (!set || !copy || !wait) return -1;
	int problem = set(device);
	if (!problem) problem = copy(to, from, bytes, BY_ADDRESS);
	// A copy to the device may still be on its way, and onnxruntime's stream does not wait for it.
	return problem ? problem : wait();
}
