// Package ortest gives tests a Runtime, or skips them where onnxruntime is not installed.
package ortest

import (
	"os"
	"testing"

	"github.com/oneactor/oneactor/runtime/ort"
)

// RequireEnv names the variable that turns a missing onnxruntime from a skip into a failure.
const RequireEnv = "ONEACTOR_REQUIRE_ORT"

// Setup opens onnxruntime on the CPU with the default number of threads.
func Setup(t testing.TB) *ort.Runtime {
	t.Helper()
	r, err := ort.Open(ort.Options{Device: "cpu"})
	if err == nil {
		return r
	}
	if os.Getenv(RequireEnv) != "" {
		t.Fatalf("%s is set, but onnxruntime cannot be used: %v", RequireEnv, err)
	}
	t.Skipf("needs onnxruntime: %v", err)
	return nil
}
