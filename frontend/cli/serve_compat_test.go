package cli

import (
	"log/slog"
	"strings"
	"testing"
)

func TestLogLevel(t *testing.T) {
	for name, want := range map[string]slog.Level{"DEBUG": slog.LevelDebug, "info": slog.LevelInfo, "Warning": slog.LevelWarn, "ERROR": slog.LevelError, "CRITICAL": slog.LevelError + 4} {
		if got, err := logLevel(name); got != want || err != nil {
			t.Errorf("%s: %v (%v), want %v", name, got, err, want)
		}
	}
	if _, err := logLevel("LOUD"); err == nil || !strings.Contains(err.Error(), "use DEBUG, INFO") {
		t.Errorf("error %v", err)
	}
}

func TestFrontEndVersion(t *testing.T) {
	if err := checkFrontEndVersion(builtInFrontEnd); err != nil {
		t.Error(err)
	}
	err := checkFrontEndVersion("Comfy-Org/ComfyUI_frontend@1.27.10")
	if err == nil || !strings.Contains(err.Error(), "--front-end-root") {
		t.Errorf("error %v", err)
	}
}
