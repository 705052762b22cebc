package frontend

import "context"

// Machine tells what computes and how much memory there is.
type Machine interface {
	Stats() Stats
	// Speed is how many operations a second the device makes in a large matrix product.
	Speed(ctx context.Context) (float64, error)
}

// Stats of a machine. Sizes are bytes.
type Stats struct {
	MemoryTotal, MemoryFree int64
	Library                 string // of what computes: "onnxruntime 1.30.0"
	Device                  string // cpu, cuda or the like
	Index                   int    // of the device among its kind; -1 for none
	DeviceName              string
	// DeviceTotal and DeviceFree are the memory of the device; without one of its own it is the machine's.
	DeviceTotal, DeviceFree int64
}
