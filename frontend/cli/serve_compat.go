package cli

import (
	"fmt"
	"log/slog"
	"strings"
)

// builtInFrontEnd is how ComfyUI calls the front end that it comes with.
const builtInFrontEnd = "comfyanonymous/ComfyUI@latest"

// checkFrontEndVersion: ComfyUI downloads the version of a front end that is asked for; this program downloads nothing by itself.
func checkFrontEndVersion(version string) error {
	if version == builtInFrontEnd {
		return nil
	}
	return fmt.Errorf("--front-end-version %s: front ends are not downloaded; install it (pip install --target DIR comfyui-frontend-package==VERSION) and "+
		"name its folder with --front-end-root DIR/comfyui_frontend_package/static", version)
}

// logLevel is the level of the log by the name that ComfyUI (Python's logging) gives it.
func logLevel(name string) (slog.Level, error) {
	switch strings.ToUpper(name) {
	case "DEBUG":
		return slog.LevelDebug, nil
	case "INFO":
		return slog.LevelInfo, nil
	case "WARNING":
		return slog.LevelWarn, nil
	case "ERROR":
		return slog.LevelError, nil
	case "CRITICAL":
		return slog.LevelError + 4, nil
	}
	return 0, fmt.Errorf("--verbose %s: no such level; use DEBUG, INFO, WARNING, ERROR or CRITICAL", name)
}
