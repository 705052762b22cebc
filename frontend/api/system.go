package api

import (
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/graph/ojson"
)

func (s *Server) systemRoutes(r routes) {
	r.get("/system_stats", s.getSystemStats)
	r.get("/features", s.getFeatures)
	r.get("/workflow_templates", s.getWorkflowTemplates)
	r.get("/i18n", s.getLocales)
	r.get("/global_subgraphs", s.getSubgraphs)
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
	kind, index, _ := strings.Cut(stats.Device, ":")
	if kind == "" {
		kind = "cpu"
	}
	device := ojson.NewObject("name", stats.DeviceName, "type", kind, "index", nil,
		"vram_total", stats.MemoryTotal, "vram_free", stats.MemoryFree, "torch_vram_total", stats.MemoryTotal, "torch_vram_free", stats.MemoryFree)
	if index != "" {
		device.Set("index", int64(index[0]-'0'))
	}
	return sendJSON(c, ojson.NewObject(
		"system", ojson.NewObject(
			"os", "posix", "ram_total", stats.MemoryTotal, "ram_free", stats.MemoryFree,
			"comfyui_version", comfyVersion, "required_frontend_version", frontEndVersion,
			"installed_templates_version", templatesVersion, "required_templates_version", templatesVersion,
			"python_version", "none: oneactor "+s.config.Version, "pytorch_version", "none: "+stats.Library,
			"embedded_python", false, "argv", anyTexts(s.config.Args)),
		"devices", []any{device}))
}

func (s *Server) getFeatures(c *gin.Context) error { return sendJSON(c, s.flags()) }

// getWorkflowTemplates lists the example workflows of custom nodes; our node packs have none.
func (s *Server) getWorkflowTemplates(c *gin.Context) error { return sendJSON(c, ojson.NewObject()) }

// getLocales are the translations of custom nodes; our node packs have none.
func (s *Server) getLocales(c *gin.Context) error { return sendJSON(c, ojson.NewObject()) }

// getSubgraphs are the subgraphs that come with custom nodes; those of the user are in the user's data.
func (s *Server) getSubgraphs(c *gin.Context) error { return sendJSON(c, ojson.NewObject()) }
