package ort

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	onnxruntime "github.com/yalue/onnxruntime_go"
)

const cudaProvider = "CUDAExecutionProvider"

// checkCUDA says why graphs cannot run on the GPU; nil when they can.
// The provider is a second library that loads when it is added to a session, and a missing driver shows only then.
func (r *Runtime) checkCUDA(device Device) error {
	library := r.library
	if !slices.Contains(library.Providers, cudaProvider) {
		return fmt.Errorf("device %s: onnxruntime %s at %s has only %s; get onnxruntime-gpu with \"make cuda\", or use --device cpu",
			device, library.Version, library.Path, strings.Join(library.Providers, ", "))
	}
	if err := missingCUDA(loadCUDA()); err != nil {
		return fmt.Errorf("device %s: %w; or use --device cpu", device, err)
	}
	options, err := onnxruntime.NewSessionOptions()
	if err != nil {
		return fmt.Errorf("device %s: %w", device, err)
	}
	defer options.Destroy()
	if err := appendCUDA(options, device, r.cuda); err != nil {
		return err
	}
	model := identityModel()
	session, err := onnxruntime.NewDynamicAdvancedSessionWithONNXData(model, []string{"x"}, []string{"y"}, options)
	if err != nil {
		return fmt.Errorf("device %s: %w; check the driver with nvidia-smi, or use --device cpu", device, err)
	}
	return session.Destroy()
}

func appendCUDA(options *onnxruntime.SessionOptions, device Device, more map[string]string) error {
	cuda, err := onnxruntime.NewCUDAProviderOptions()
	if err != nil {
		return fmt.Errorf("device %s: %w", device, err)
	}
	defer cuda.Destroy()
	settings := map[string]string{
		"device_id": strconv.Itoa(device.Index),
		// The default doubles the arena each time it grows.
		"arena_extend_strategy": "kSameAsRequested",
		"use_tf32":              "1",
		// Trying every algorithm of cuDNN takes twice as long before the first step of each size and found none that is faster (docs/performance.md).
		"cudnn_conv_algo_search": "HEURISTIC",
	}
	maps.Copy(settings, more)
	if err := cuda.Update(settings); err != nil {
		return fmt.Errorf("device %s: %w", device, err)
	}
	if err := options.AppendExecutionProviderCUDA(cuda); err != nil {
		return fmt.Errorf("device %s: %w; install the CUDA and cuDNN versions that this onnxruntime names, or use --device cpu", device, err)
	}
	return nil
}

// DeviceMemory is the bytes of memory of the device and how many of them are free; 0 for the CPU.
func (r *Runtime) DeviceMemory() (unused, total int64) {
	if !r.device.CUDA {
		return 0, 0
	}
	return cudaMemory(r.device.Index)
}
