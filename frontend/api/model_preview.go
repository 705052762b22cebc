package api

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/graph/ojson"
)

func (s *Server) modelPreviewRoutes(r routes) {
	r.get("/experiment/models/preview/:folder/:index/*name", s.getModelPreview)
}

// previewTypes are the pictures beside a model that show it: NAME.png or NAME.preview.png.
var previewTypes = []string{".png", ".jpg", ".jpeg", ".webp", ".gif"}

// getModelPreview sends the picture that shows a model: a file beside it, or one that its trainer put into its metadata.
func (s *Server) getModelPreview(c *gin.Context) error {
	f, err := s.modelFolder(c.Param("folder"))
	if err != nil {
		return err
	}
	i, ok := pathIndex(c.Param("index"), f)
	if !ok {
		return refuse(http.StatusNotFound, "")
	}
	dir := area{f.Directories[i]}
	name, err := dir.local(strings.TrimPrefix(c.Param("name"), "/"))
	if err != nil {
		return refuse(http.StatusNotFound, "")
	}
	stem := strings.TrimSuffix(name, filepath.Ext(name))
	for _, middle := range []string{"", ".preview"} {
		for _, ext := range previewTypes {
			picture, _, err := dir.open(stem + middle + ext)
			if err != nil {
				continue
			}
			picture.Close()
			return s.sendWebP(c, picture.Name())
		}
	}
	return s.sendCover(c, filepath.Join(dir.dir, filepath.FromSlash(name)))
}

func (s *Server) sendWebP(c *gin.Context, path string) error {
	data, err := s.host.ConvertPicture(path, frontend.PictureFormat{Type: "webp", Quality: 80, Channel: "rgba"})
	if err != nil {
		return refuse(http.StatusNotFound, "")
	}
	c.Data(http.StatusOK, "image/webp", data)
	return nil
}

// sendCover sends the picture in a model's metadata (ssmd_cover_images: a JSON list of base64 pictures).
func (s *Server) sendCover(c *gin.Context, path string) error {
	none := refuse(http.StatusNotFound, "")
	metadata, err := modelMetadata(path)
	if err != nil || metadata == nil {
		return none
	}
	list, err := ojson.Parse([]byte(metadata.String("ssmd_cover_images")), ojson.Limits{})
	covers, _ := list.([]any)
	if err != nil || len(covers) == 0 {
		return none
	}
	text, _ := covers[0].(string)
	data, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)))
	if err != nil || len(data) == 0 {
		return none
	}
	temp, err := os.CreateTemp("", "cover-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = io.Copy(temp, bytes.NewReader(data))
	if closed := temp.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return s.sendWebP(c, temp.Name())
}
