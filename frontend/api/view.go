package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/frontend"
)

func (s *Server) viewRoutes(r routes) { r.get("/view", s.getView) }

// folderTypes are the data folders that clients name.
var folderTypes = []string{"output", "input", "temp"}

// dataArea is a data folder; false for a type that is none.
func (s *Server) dataArea(kind string) (area, bool) {
	for _, known := range folderTypes {
		if kind == known {
			return area{s.host.Path(kind, "", "")}, true
		}
	}
	return area{}, false
}

// annotated splits "name [output]" into name and folder; the folder is "" where none is said.
func annotated(name string) (string, string) {
	for _, kind := range folderTypes {
		if rest, ok := strings.CutSuffix(name, " ["+kind+"]"); ok {
			return rest, kind
		}
	}
	return name, ""
}

// dataFile is a file of a data folder.
type dataFile struct {
	area area
	kind string
	name string
}

// open opens the file, which another process may have.
func (s *Server) openData(ctx context.Context, d dataFile) (f *os.File, info fs.FileInfo, err error) {
	f, info, err = d.area.open(d.name)
	if s.config.Files == nil || !errors.Is(err, fs.ErrNotExist) {
		return f, info, err
	}
	if err := s.config.Files.Fetch(ctx, d.kind, d.name); err != nil {
		return nil, nil, err
	}
	return d.area.open(d.name)
}

// fileReference finds the file that a client names by file name, sub-folder and type. The error is the refusal.
func (s *Server) fileReference(filename, subfolder, kind string) (dataFile, error) {
	filename, annotatedKind := annotated(filename)
	if annotatedKind != "" {
		kind = annotatedKind
	}
	if filename == "" || filename[0] == '/' || strings.Contains(filename, "..") {
		return dataFile{}, refuse(http.StatusBadRequest, "")
	}
	a, ok := s.dataArea(kind)
	if !ok {
		return dataFile{}, refuse(http.StatusBadRequest, "")
	}
	dir, err := a.local(subfolder)
	if err != nil {
		return dataFile{}, refuse(http.StatusForbidden, "")
	}
	return dataFile{a, kind, path.Join(dir, path.Base(strings.ReplaceAll(filename, `\`, "/")))}, nil
}

// getView sends a file of a data folder, or a picture of it in another form.
func (s *Server) getView(c *gin.Context) error {
	filename, ok := c.GetQuery("filename")
	if !ok {
		return refuse(http.StatusNotFound, "")
	}
	d, err := s.fileReference(filename, c.Query("subfolder"), c.DefaultQuery("type", "output"))
	if err != nil {
		return err
	}
	a, name := d.area, d.name
	f, info, err := s.openData(c.Request.Context(), d)
	if err != nil {
		return refuseFile(err)
	}
	defer f.Close()
	c.Header("Content-Disposition", fmt.Sprintf("filename=%q", path.Base(name)))
	if as, convert := pictureFormat(c); convert {
		data, err := s.host.ConvertPicture(filepath.Join(a.dir, filepath.FromSlash(name)), as)
		if err != nil {
			return fmt.Errorf("picture %s: %w", name, err)
		}
		c.Data(http.StatusOK, "image/"+as.Type, data)
		return nil
	}
	c.Header("Content-Type", userFileType(name))
	serveFile(c, f, info)
	return nil
}

// refuseFile answers for a file that can't be opened.
func refuseFile(err error) error {
	switch {
	case errors.Is(err, errOutside):
		return refuse(http.StatusForbidden, "")
	case errors.Is(err, fs.ErrPermission):
		return refuse(http.StatusForbidden, "")
	}
	return refuse(http.StatusNotFound, "")
}

// pictureFormat is the form that a request wants; false for the file as it is.
func pictureFormat(c *gin.Context) (frontend.PictureFormat, bool) {
	channel := c.DefaultQuery("channel", "rgba")
	if preview, ok := c.GetQuery("preview"); ok {
		parts := strings.Split(preview, ";")
		as := frontend.PictureFormat{Type: parts[0], Quality: 90, Channel: "rgba"}
		if as.Type != "webp" && as.Type != "jpeg" || strings.Contains(c.Query("channel"), "a") {
			as.Type = "webp"
		}
		if q, err := strconv.Atoi(parts[len(parts)-1]); err == nil && q >= 0 {
			as.Quality = min(max(q, 1), 100)
		}
		if as.Type == "jpeg" || channel == "rgb" {
			as.Channel = "rgb"
		}
		return as, true
	}
	if channel == "rgb" || channel == "a" {
		return frontend.PictureFormat{Type: "png", Channel: channel}, true
	}
	return frontend.PictureFormat{}, false
}

// fileTypes are content types by extension, the same on every machine.
var fileTypes = map[string]string{
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".gif": "image/gif", ".bmp": "image/bmp", ".svg": "image/svg+xml",
	".tif": "image/tiff", ".tiff": "image/tiff", ".ico": "image/vnd.microsoft.icon", ".avif": "image/avif",
	".mp4": "video/mp4", ".webm": "video/webm", ".mov": "video/quicktime", ".mkv": "video/x-matroska", ".avi": "video/x-msvideo",
	".wav": "audio/x-wav", ".mp3": "audio/mpeg", ".flac": "audio/flac", ".ogg": "audio/ogg", ".opus": "audio/opus",
	".json": "application/json", ".txt": "text/plain", ".csv": "text/csv", ".md": "text/markdown", ".zip": "application/zip", ".pdf": "application/pdf",
	".js": "application/javascript", ".mjs": "application/javascript", ".css": "text/css", ".html": "text/html", ".htm": "text/html", ".xhtml": "application/xhtml+xml",
	".woff": "font/woff", ".woff2": "font/woff2", ".ttf": "font/ttf", ".map": "application/json", ".wasm": "application/wasm",
	".glb": "model/gltf-binary", ".gltf": "model/gltf+json", ".xml": "text/xml",
}

func fileType(name string) string {
	ext := strings.ToLower(path.Ext(name))
	if t, ok := fileTypes[ext]; ok {
		return t
	}
	if t, _, err := mime.ParseMediaType(mime.TypeByExtension(ext)); err == nil {
		return t
	}
	return emptyType
}

// userFileType is the type of a file that a user put here: none that a browser runs as a page of ours.
func userFileType(name string) string {
	switch t := fileType(name); t {
	case "text/html", "text/html-sandboxed", "application/xhtml+xml", "text/javascript", "text/css", "text/xml", "application/xml":
		return emptyType
	default:
		return t
	}
}

// serveFile sends a file or a part of it, or says that the client has it. What a user put here runs no scripts, even where a browser
// shows it as a page of its own, as it does SVG.
func serveFile(c *gin.Context, f *os.File, info fs.FileInfo) {
	h := c.Writer.Header()
	h.Set("ETag", fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size()))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox")
	http.ServeContent(c.Writer, c.Request, "", info.ModTime(), f)
}
