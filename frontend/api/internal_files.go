package api

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/graph/ojson"
)

func (s *Server) internalRoutes(r routes) {
	r.bare(http.MethodGet, "/internal/folder_paths", s.getFolderPaths)
	r.bare(http.MethodGet, "/internal/files/:type", s.getFolderFiles)
}

// getFolderPaths lists the directories of every model folder.
func (s *Server) getFolderPaths(c *gin.Context) error {
	all := ojson.NewObject()
	for _, key := range s.host.ModelKeys() {
		dirs, err := s.host.ModelDirectories(key)
		if err != nil {
			return err
		}
		all.Set(key, anyTexts(dirs))
	}
	return sendJSON(c, all)
}

func anyTexts(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// getFolderFiles lists the visible files of a data folder, the newest first.
func (s *Server) getFolderFiles(c *gin.Context) error {
	a, ok := s.dataArea(c.Param("type"))
	if !ok {
		return refuseJSON(http.StatusBadRequest, ojson.NewObject("error", "Invalid directory type"))
	}
	entries, err := os.ReadDir(a.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var files []fs.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && e.Name()[0] != '.' {
			files = append(files, info)
		}
	}
	slices.SortStableFunc(files, func(a, b fs.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	names := make([]any, len(files))
	for i, f := range files {
		names[i] = f.Name()
	}
	return sendJSON(c, names)
}
