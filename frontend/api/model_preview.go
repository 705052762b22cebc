package api

import (
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/graph/ojson"
)

func (s *Server) modelPreviewRoutes(r routes) {
	r.get("/experiment/models/preview/:folder/:index/*name", s.getModelPreview)
}

// previewEndings are those of pictures beside a model that show it: NAME.png or NAME.preview.png.
var previewEndings = []string{".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"}

// webPreview is how pictures of models are sent.
var webPreview = frontend.PictureFormat{Type: "webp", Quality: 80, Channel: "rgba"}

// getModelPreview sends the picture that shows a model: a file beside it, one that its trainer put into its metadata, or an actor's thumbnail.
func (s *Server) getModelPreview(c *gin.Context) error {
	none := refuse(http.StatusNotFound, "")
	dirs, err := s.host.ModelDirectories(c.Param("folder"))
	if err != nil {
		return noModel(err)
	}
	i, err := strconv.Atoi(c.Param("index"))
	if err != nil || i < 0 || i >= len(dirs) {
		return none
	}
	name, err := area{dirs[i]}.local(strings.TrimPrefix(c.Param("name"), "/"))
	if err != nil || name == "." {
		return none
	}
	file := filepath.Join(dirs[i], filepath.FromSlash(name))
	var webp []byte
	if beside := pictureBeside(file); beside != "" {
		webp, err = s.host.ConvertPicture(beside, webPreview)
	} else if inside := pictureInside(file); inside != nil {
		webp, err = s.host.EncodePicture(inside, webPreview)
	} else {
		return none
	}
	if err != nil {
		return none // ComfyUI's answer to a picture that it can't read
	}
	send(c, http.StatusOK, "image/webp", webp)
	return nil
}

// pictureBeside is the path of the picture beside a model, "" where there is none. Model folders are often links, so these are followed.
func pictureBeside(file string) string {
	dir, stem := filepath.Dir(file), stemOf(filepath.Base(file))
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	best, rank := "", len(previewEndings)*2
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), stem)
		if !ok {
			continue
		}
		ending := strings.ToLower(path.Ext(rest))
		at := slices.Index(previewEndings, ending)
		switch strings.TrimSuffix(rest, path.Ext(rest)) {
		case "":
		case ".preview":
			at += len(previewEndings)
		default:
			continue
		}
		if !slices.Contains(previewEndings, ending) || at >= rank {
			continue
		}
		full := filepath.Join(dir, e.Name())
		if info, err := os.Stat(full); err == nil && info.Mode().IsRegular() {
			best, rank = full, at
		}
	}
	return best
}

func stemOf(name string) string { return strings.TrimSuffix(name, path.Ext(name)) }

// maxThumbnail bounds the thumbnail of an actor.
const maxThumbnail = 8 << 20

// pictureInside is the picture in the safetensors file of a model: the first of a JSON list of base64 texts in its metadata (ssmd_cover_images),
// or an actor's thumbnail, which is a tensor with the bytes of a picture file. It is nil where there is none.
func pictureInside(file string) []byte {
	file = strings.TrimSuffix(file, filepath.Ext(file)) + ".safetensors"
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	header, data := parseModelHeader(f, maxPreviewHeader)
	if header == nil {
		return nil
	}
	if cover := coverPicture(header.Object("__metadata__").String("ssmd_cover_images")); cover != nil {
		return cover
	}
	return thumbnail(f, header.Object("thumbnail"), data)
}

func coverPicture(text string) []byte {
	list, err := ojson.Parse([]byte(text), ojson.Limits{MaxBytes: maxPreviewHeader})
	covers, _ := list.([]any)
	if err != nil || len(covers) == 0 {
		return nil
	}
	first, _ := covers[0].(string)
	picture, err := base64.StdEncoding.DecodeString(first)
	if err != nil || len(picture) == 0 {
		return nil
	}
	return picture
}

func thumbnail(r io.ReaderAt, tensor *ojson.Object, data int64) []byte {
	offsets := tensor.Array("data_offsets")
	if tensor.String("dtype") != "U8" || len(offsets) != 2 {
		return nil
	}
	from, isInt := offsets[0].(int64)
	to, isIntToo := offsets[1].(int64)
	if !isInt || !isIntToo || from < 0 || to <= from || to-from > maxThumbnail {
		return nil
	}
	picture := make([]byte, to-from)
	if _, err := r.ReadAt(picture, data+from); err != nil {
		return nil
	}
	return picture
}
