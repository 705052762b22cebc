package api

import (
	"testing"

	"github.com/oneactor/oneactor/frontend"
)

func TestSystemStats(t *testing.T) {
	const gib = 1 << 30
	s := newServer(t, setup{
		config: Config{Version: "1.2.3", Args: []string{"oneactor", "serve", "--token", "…"}},
		host: &fakeHost{user: t.TempDir(), stats: frontend.Stats{MemoryTotal: 64 * gib, MemoryFree: 3 * gib, Library: "onnxruntime 1.30.0", Device: "cpu", Index: -1,
			DeviceName: "cpu", DeviceTotal: 64 * gib, DeviceFree: 3 * gib}},
	})
	runAll(t, s, map[string]scenario{
		"CPU": {path: "/system_stats", want: []string{
			`{"system": {"os": "posix", "ram_total": 68719476736, "ram_free": 3221225472, "comfyui_version": "0.3.64", "required_frontend_version": "1.27.10", ` +
				`"installed_templates_version": "0.1.95", "required_templates_version": "0.1.95", "python_version": "oneactor 1.2.3 (go1.`,
			`"pytorch_version": "onnxruntime 1.30.0, no PyTorch", "embedded_python": false, "argv": ["oneactor", "serve", "--token", "\u2026"]}, ` +
				`"devices": [{"name": "cpu", "type": "cpu", "index": null, "vram_total": 68719476736, "vram_free": 3221225472, "torch_vram_total": 68719476736, "torch_vram_free": 3221225472}]}`,
		}},
		"features":       {path: "/features", is: `{"supports_preview_metadata": true, "max_upload_size": 104857600}`},
		"features, twin": {path: "/api/features", is: `{"supports_preview_metadata": true, "max_upload_size": 104857600}`},
	})
	gpu := newServer(t, setup{host: &fakeHost{user: t.TempDir(), stats: frontend.Stats{Device: "cuda", Index: 11, DeviceName: "cuda:11 NVIDIA H100", DeviceTotal: 80 * gib, DeviceFree: 79 * gib}}})
	scenario{path: "/api/system_stats", want: []string{`"devices": [{"name": "cuda:11 NVIDIA H100", "type": "cuda", "index": 11, "vram_total": 85899345920, "vram_free": 84825604096,`}}.run(t, gpu.Handler())
}
