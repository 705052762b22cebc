package api

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// Folders below custom_nodes may bring more than nodes: example workflows, translations and subgraphs. They are read anew at each request, which
// the front end sends once when it starts.

func (s *Server) customNodeRoutes(r routes) {
	r.get("/workflow_templates", s.getWorkflowTemplates)
	r.bare(http.MethodGet, "/api/workflow_templates/:pack/*file", s.getWorkflowTemplate)
	r.get("/i18n", s.getTranslations)
	r.get("/global_subgraphs", s.getSubgraphs)
	r.get("/global_subgraphs/:id", s.getSubgraph)
}

// packFolder is a folder below custom_nodes.
type packFolder struct{ name, dir string }

func (s *Server) packFolders() ([]packFolder, error) {
	dirs, err := s.host.ModelDirectories("custom_nodes")
	if err != nil {
		return nil, err
	}
	var list []packFolder
	for _, dir := range dirs {
		for _, name := range visible(dir, func(path string) bool { return isFolder(path) }) {
			list = append(list, packFolder{name, filepath.Join(dir, name)})
		}
	}
	return list, nil
}

// visible lists what in a folder is not hidden and wanted, by name; a folder that is missing has nothing.
func visible(dir string, wanted func(path string) bool) []string {
	entries, _ := os.ReadDir(dir)
	var names []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && wanted(filepath.Join(dir, e.Name())) {
			names = append(names, e.Name())
		}
	}
	return names
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// isJSONFile reports whether a path is that of a JSON file by its name.
func isJSONFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && filepath.Ext(path) == ".json"
}
