package ort

import "fmt"

// Check finds mistakes in the options without looking for the library, so that a program can refuse them at start.
func (o Options) Check() error {
	if _, _, err := parseDevice(o.Device); err != nil {
		return err
	}
	if o.Threads < 0 {
		return fmt.Errorf("onnxruntime: %d threads; use 1 or more, or 0 for one per core", o.Threads)
	}
	return nil
}
