package api

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/graph/ojson"
)

func (s *Server) modelRoutes(r routes) {
	r.get("/models", s.getModelFolders)
	r.get("/models/:folder", s.getModels)
	r.get("/embeddings", s.getEmbeddings)
	r.get("/experiment/models", s.getModelFoldersV2)
	r.get("/experiment/models/:folder", s.getModelsV2)
	r.get("/view_metadata/:folder", s.getModelMetadata)
}

// getModelFolders lists the keys of the model folders.
func (s *Server) getModelFolders(c *gin.Context) error {
	folders, err := s.host.Folders()
	if err != nil {
		return err
	}
	keys := make([]any, len(folders))
	for i, f := range folders {
		keys[i] = f.Key
	}
	return sendJSON(c, keys)
}

// modelFolder finds a folder by its key.
func (s *Server) modelFolder(key string) (frontend.Folder, error) {
	folders, err := s.host.Folders()
	if err != nil {
		return frontend.Folder{}, err
	}
	for _, f := range folders {
		if f.Key == key {
			return f, nil
		}
	}
	return frontend.Folder{}, refuse(http.StatusNotFound, "")
}

// getModels lists the models of a folder, those of workers included.
func (s *Server) getModels(c *gin.Context) error {
	f, err := s.modelFolder(c.Param("folder"))
	if err != nil {
		return err
	}
	names := slices.Clone(f.Models)
	more, _ := s.queue.List(f.Key)
	names = append(names, more...)
	slices.Sort(names)
	return sendJSON(c, anyTexts(slices.Compact(names)))
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

func (s *Server) getModelFoldersV2(c *gin.Context) error {
	folders, err := s.host.Folders()
	if err != nil {
		return err
	}
	list := []any{}
	for _, f := range folders {
		if !slices.Contains(notListed, f.Key) {
			list = append(list, ojson.NewObject("name", f.Key, "folders", anyTexts(f.Directories)))
		}
	}
	return sendJSON(c, list)
}

// getModelsV2 lists the models of a folder with what is known of their files.
func (s *Server) getModelsV2(c *gin.Context) error {
	f, err := s.modelFolder(c.Param("folder"))
	if err != nil {
		return err
	}
	list := []any{}
	for _, name := range f.Models {
		for i, dir := range f.Directories {
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil || !info.Mode().IsRegular() {
				continue
			}
			modified, created := fileTimes(info)
			list = append(list, ojson.NewObject("name", filepath.ToSlash(name), "pathIndex", int64(i), "modified", modified, "created", created, "size", info.Size()))
		}
	}
	return sendJSON(c, list)
}

// maxModelHeader is how long the header of a model file is for its metadata to be shown.
const maxModelHeader = 1 << 20

// getModelMetadata sends the metadata in the header of a safetensors file.
func (s *Server) getModelMetadata(c *gin.Context) error {
	name, ok := c.GetQuery("filename")
	if !ok || !strings.HasSuffix(name, ".safetensors") {
		return refuse(http.StatusNotFound, "")
	}
	path, err := s.host.ModelPath(c.Param("folder"), name)
	if err != nil {
		return refuse(http.StatusNotFound, "")
	}
	metadata, err := modelMetadata(path)
	if err != nil {
		return err
	}
	if metadata == nil {
		return refuse(http.StatusNotFound, "")
	}
	return sendJSON(c, metadata)
}

// modelMetadata reads the metadata of a safetensors file; nil where it has none, or is no such file.
func modelMetadata(path string) (*ojson.Object, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var size [8]byte
	if _, err := io.ReadFull(f, size[:]); err != nil {
		return nil, nil
	}
	n := binary.LittleEndian.Uint64(size[:])
	if n > maxModelHeader {
		return nil, nil
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(f, text); err != nil {
		return nil, nil
	}
	header, err := ojson.ParseObject(text, ojson.Limits{})
	if err != nil {
		return nil, nil
	}
	return header.Object("__metadata__"), nil
}

// pathIndex is the number of a directory of a folder.
func pathIndex(text string, f frontend.Folder) (int, bool) {
	i, err := strconv.Atoi(text)
	return i, err == nil && i >= 0 && i < len(f.Directories)
}
