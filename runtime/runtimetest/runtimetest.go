// Package runtimetest makes a Runtime for tests. Only tests import it.
package runtimetest

import (
	"errors"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/ort"
)

// New is a Runtime over folders that computes on the CPU, so that results do not depend on the machine. It is closed at the end of the
// test. Who runs models calls ortest.Setup before.
func New(t testing.TB, folders folder.Config, c runtime.Config) *runtime.Runtime {
	t.Helper()
	layout, err := folder.New(folders)
	if err != nil {
		t.Fatal(err)
	}
	c.Folders, c.ORT = layout, ort.Options{Device: "cpu"}
	rt, err := runtime.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(rt.Close(), layout.Close()); err != nil {
			t.Error(err)
		}
	})
	return rt
}
