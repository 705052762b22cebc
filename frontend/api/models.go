package api

import (
	"errors"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/graph/ojson"
)

func (s *Server) modelRoutes(r routes) {
	r.get("/models", s.getModelFolders)
	r.get("/models/:folder", s.getModels)
	r.get("/embeddings", s.getEmbeddings)
	r.get("/experiment/models", s.getModelDirectories)
	r.get("/experiment/models/:folder", s.getModelFiles)
	r.get("/view_metadata/:folder", s.getModelMetadata)
}

// getModelFolders lists the keys of the model folders.
func (s *Server) getModelFolders(c *gin.Context) error {
	return sendJSON(c, anyTexts(s.host.ModelKeys()))
}

// getModels lists the models of a folder, those of workers included.
func (s *Server) getModels(c *gin.Context) error {
	key := c.Param("folder")
	names, err := s.host.ModelNames(key)
	if err != nil {
		return noModel(err)
	}
	if more, _ := s.queue.List(key); len(more) > 0 {
		names = append(slices.Clone(names), more...)
		slices.Sort(names)
		names = slices.Compact(names)
	}
	return sendJSON(c, anyTexts(names))
}

// noModel answers for folders and files that are not there.
func noModel(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return refuse(http.StatusNotFound, "")
	}
	return err
}

func (s *Server) getEmbeddings(c *gin.Context) error {
	names, err := s.host.Embeddings()
	if err != nil {
		return err
	}
	return sendJSON(c, anyTexts(names))
}

// notListed are folders that hold no models.
var notListed = []string{"configs", "custom_nodes"}

// getModelDirectories lists the model folders with their directories.
func (s *Server) getModelDirectories(c *gin.Context) error {
	list := []any{}
	for _, key := range s.host.ModelKeys() {
		if slices.Contains(notListed, key) {
			continue
		}
		dirs, err := s.host.ModelDirectories(key)
		if err != nil {
			return err
		}
		list = append(list, ojson.NewObject("name", key, "folders", anyTexts(dirs)))
	}
	return sendJSON(c, list)
}

// getModelFiles lists the files of a model folder, directory by directory, with what is known of them.
func (s *Server) getModelFiles(c *gin.Context) error {
	dirs, err := s.host.ModelDirectories(c.Param("folder"))
	if err != nil {
		return noModel(err)
	}
	list := []any{}
	for i, dir := range dirs {
		for _, f := range modelFilesIn(dir) {
			modified, created := fileTimes(f.info)
			list = append(list, ojson.NewObject("name", f.name, "pathIndex", int64(i), "modified", modified, "created", created, "size", f.info.Size()))
		}
	}
	return sendJSON(c, list)
}

// getModelMetadata sends the metadata in the header of a safetensors file.
func (s *Server) getModelMetadata(c *gin.Context) error {
	name := c.Query("filename")
	if !strings.HasSuffix(name, ".safetensors") {
		return refuse(http.StatusNotFound, "")
	}
	path, err := s.host.ModelPath(c.Param("folder"), filepath.FromSlash(name))
	if err != nil {
		return noModel(err)
	}
	metadata := readModelHeader(path, maxMetadataHeader).Object("__metadata__")
	if metadata == nil {
		return refuse(http.StatusNotFound, "")
	}
	return sendJSON(c, metadata)
}
