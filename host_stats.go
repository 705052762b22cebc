package main

import (
	"strconv"
	"strings"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/internal/machine"
)

func (h host) Stats() frontend.Stats {
	d := h.doctor()
	s := frontend.Stats{MemoryTotal: machine.MemoryLimit(), MemoryFree: machine.FreeMemory(), Library: "onnxruntime " + d.Version, Device: "cpu", Index: -1}
	if d.Version == "" {
		s.Library = "onnxruntime not found"
	}
	s.DeviceName, s.DeviceTotal, s.DeviceFree = s.Device, s.MemoryTotal, s.MemoryFree
	kind, number, _ := strings.Cut(d.Device, ":")
	if kind != "cuda" {
		return s
	}
	index, err := strconv.Atoi(number)
	if err != nil {
		index = 0 // "cuda" is the first
	}
	s.Device, s.Index = kind, index
	s.DeviceName = "cuda:" + strconv.Itoa(index)
	gpu, err := machine.ReadGPU(index)
	if err != nil {
		s.DeviceTotal, s.DeviceFree = 0, 0 // not known, and not the machine's
		return s
	}
	s.DeviceName += " " + gpu.Name
	s.DeviceTotal, s.DeviceFree = gpu.MemoryTotal, gpu.MemoryFree
	return s
}
