package ort

import (
	"os"
	"testing"
)

// openCPU is ortest.Setup for tests inside this package, which cannot import that: without onnxruntime the test is skipped, or fails
// where ONEACTOR_REQUIRE_ORT says that it must be there.
func openCPU(t *testing.T) *Runtime {
	t.Helper()
	r, err := Open(Options{Device: "cpu"})
	switch {
	case err != nil && os.Getenv("ONEACTOR_REQUIRE_ORT") != "":
		t.Fatalf("needs onnxruntime: %v", err)
	case err != nil:
		t.Skipf("needs onnxruntime: %v", err)
	}
	return r
}
