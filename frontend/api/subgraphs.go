package api

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/graph/ojson"
)

// subgraphFile is a subgraph that a folder brings.
type subgraphFile struct{ id, name, pack, path string }

func (s *Server) subgraphFiles() ([]subgraphFile, error) {
	packs, err := s.packFolders()
	if err != nil {
		return nil, err
	}
	var list []subgraphFile
	for _, p := range packs {
		dir := filepath.Join(p.dir, "subgraphs")
		for _, file := range visible(dir, isJSONFile) {
			path := filepath.Join(dir, file)
			id := sha256.Sum256([]byte("custom_node" + filepath.ToSlash(path)))
			list = append(list, subgraphFile{hex.EncodeToString(id[:]), strings.TrimSuffix(file, ".json"), p.name, path})
		}
	}
	return list, nil
}

func (f subgraphFile) describe() *ojson.Object {
	return ojson.NewObject("source", "custom_node", "name", f.name, "info", ojson.NewObject("node_pack", "custom_nodes."+f.pack))
}

// getSubgraphs lists subgraphs by id, without their content. Those that users save are in their data.
func (s *Server) getSubgraphs(c *gin.Context) error {
	files, err := s.subgraphFiles()
	if err != nil {
		return err
	}
	all := ojson.NewObject()
	for _, f := range files {
		all.Set(f.id, f.describe())
	}
	return sendJSON(c, all)
}

// getSubgraph sends one with its content, or null.
func (s *Server) getSubgraph(c *gin.Context) error {
	files, err := s.subgraphFiles()
	if err != nil {
		return err
	}
	for _, f := range files {
		if f.id != c.Param("id") {
			continue
		}
		text, err := os.ReadFile(f.path)
		if err != nil {
			return err
		}
		description := f.describe()
		description.Set("data", string(text))
		return sendJSON(c, description)
	}
	return sendJSON(c, nil)
}
