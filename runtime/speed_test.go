package runtime_test

import (
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/runtimetest"
)

// TestSpeed: a number that a machine can have.
func TestSpeed(t *testing.T) {
	rt := runtimetest.New(t, folder.Config{}, runtime.Config{})
	speed, err := rt.Speed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if speed < 1e8 || speed > 1e16 {
		t.Errorf("%.3g operations a second", speed)
	}
	t.Logf("%.0f GFLOP/s", speed/1e9)
}
