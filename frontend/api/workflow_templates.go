package api

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/graph/ojson"
)

// exampleFolders are names of the folder with example workflows.
var exampleFolders = []string{"example_workflows", "example", "examples", "workflow", "workflows"}

// getWorkflowTemplates lists example workflows by folder, without their endings.
func (s *Server) getWorkflowTemplates(c *gin.Context) error {
	packs, err := s.packFolders()
	if err != nil {
		return err
	}
	all := ojson.NewObject()
	for _, examples := range exampleFolders {
		for _, p := range packs {
			names := all.Array(p.name)
			for _, file := range visible(filepath.Join(p.dir, examples), isJSONFile) {
				names = append(names, strings.TrimSuffix(file, ".json"))
			}
			if len(names) > 0 {
				all.Set(p.name, names)
			}
		}
	}
	return sendJSON(c, all)
}

// getWorkflowTemplate sends an example workflow, or a file beside it.
func (s *Server) getWorkflowTemplate(c *gin.Context) error {
	packs, err := s.packFolders()
	if err != nil {
		return err
	}
	missing := raised(http.StatusNotFound, "")
	for _, p := range packs {
		for _, examples := range exampleFolders {
			dir := filepath.Join(p.dir, examples)
			if p.name != c.Param("pack") || !isFolder(dir) {
				continue
			}
			folder, err := os.OpenRoot(dir)
			if err != nil {
				return missing
			}
			err = s.sendFile(c, root{"/api/workflow_templates/" + p.name, folder.FS()}, strings.TrimPrefix(c.Param("file"), "/"))
			_ = folder.Close() // it was only read
			if err == nil {
				return nil
			}
			missing = err
		}
	}
	return missing
}
