package api

import (
	"runtime"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/graph/ojson"
)

func (s *Server) systemRoutes(r routes) {
	r.get("/system_stats", s.getSystemStats)
	r.get("/features", s.getFeatures)
}

// The versions of ComfyUI and its packages whose behaviour this server has. Clients compare them.
const (
	comfyVersion     = "0.3.64"
	frontEndVersion  = "1.27.10"
	templatesVersion = "0.1.95"
)

// getSystemStats says what computes and how much memory there is. Without a GPU, ComfyUI calls the machine's memory that of the device.
func (s *Server) getSystemStats(c *gin.Context) error {
	stats := s.host.Stats()
	device := ojson.NewObject("name", stats.DeviceName, "type", stats.Device, "index", nil,
		"vram_total", stats.DeviceTotal, "vram_free", stats.DeviceFree, "torch_vram_total", stats.DeviceTotal, "torch_vram_free", stats.DeviceFree)
	if stats.Index >= 0 {
		device.Set("index", int64(stats.Index))
	}
	return sendJSON(c, ojson.NewObject(
		"system", ojson.NewObject(
			"os", "posix", "ram_total", stats.MemoryTotal, "ram_free", stats.MemoryFree,
			"comfyui_version", comfyVersion, "required_frontend_version", frontEndVersion,
			"installed_templates_version", templatesVersion, "required_templates_version", templatesVersion,
			"python_version", "oneactor "+s.config.Version+" ("+runtime.Version()+"), no Python", "pytorch_version", stats.Library+", no PyTorch",
			"embedded_python", false, "argv", anyTexts(s.config.Args)),
		"devices", []any{device}))
}

func (s *Server) getFeatures(c *gin.Context) error { return sendJSON(c, s.flags()) }
