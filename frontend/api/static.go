package api

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

// root is a folder of files under a path of its own. The one of "" takes what no other takes.
type root struct {
	prefix string
	files  fs.FS
}

// internalPrefix is of routes that have no files beside them.
const internalPrefix = "/internal"

// noRoute answers for paths without a route: with a file, or for methods that read nothing with a refusal.
func (s *Server) noRoute(c *gin.Context) error {
	if isBelow(c.Request.URL.Path, internalPrefix) {
		return raised(http.StatusNotFound, "")
	}
	if m := c.Request.Method; m != http.MethodGet && m != http.MethodHead {
		c.Header("Allow", "GET,HEAD")
		return raised(http.StatusMethodNotAllowed, "")
	}
	return s.serveStatic(c)
}

// noMethod answers for paths whose routes have other methods. Files may have the path, too.
func (s *Server) noMethod(c *gin.Context) error {
	m := c.Request.Method
	methods := strings.Split(strings.ReplaceAll(c.Writer.Header().Get("Allow"), " ", ""), ",") // gin has set it
	if !isBelow(c.Request.URL.Path, internalPrefix) {
		if m == http.MethodGet || m == http.MethodHead {
			c.Writer.Header().Del("Allow")
			return s.serveStatic(c)
		}
		methods = append(methods, http.MethodGet, http.MethodHead)
	}
	slices.Sort(methods)
	c.Header("Allow", strings.Join(slices.Compact(methods), ","))
	return raised(http.StatusMethodNotAllowed, "")
}

func isBelow(path, prefix string) bool {
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (rest == "" || rest[0] == '/')
}

// serveStatic sends a file of the first root whose prefix fits.
func (s *Server) serveStatic(c *gin.Context) error {
	for _, r := range s.roots {
		if rest, ok := strings.CutPrefix(c.Request.URL.Path, r.prefix+"/"); ok {
			return s.sendFile(c, r, rest)
		}
	}
	return raised(http.StatusNotFound, "")
}

// sendFile sends a file, or parts of it, or that it has not changed. A folder is forbidden, and what leads out of the root is not there.
func (s *Server) sendFile(c *gin.Context, r root, name string) error {
	if !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00") {
		return raised(http.StatusNotFound, "")
	}
	f, err := r.files.Open(name)
	if errors.Is(err, fs.ErrPermission) {
		return raised(http.StatusForbidden, "")
	}
	if err != nil {
		return raised(http.StatusNotFound, "")
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.IsDir() {
		return raised(http.StatusForbidden, "")
	}
	content, ok := f.(io.ReadSeeker)
	if !ok || !info.Mode().IsRegular() {
		return raised(http.StatusNotFound, "")
	}
	tag, err := s.fileTag(r, name, info, content)
	if err != nil {
		return err
	}
	c.Header("ETag", tag)
	c.Header("Content-Type", pageType(name))
	http.ServeContent(c.Writer, c.Request, "", info.ModTime(), content)
	return nil
}

// fileTag is the ETag: time and size, or of files without a time, which come with the program, their content.
func (s *Server) fileTag(r root, name string, info fs.FileInfo, content io.ReadSeeker) (string, error) {
	if t := info.ModTime(); !t.IsZero() {
		return `"` + strconv.FormatInt(t.UnixNano(), 16) + "-" + strconv.FormatInt(info.Size(), 16) + `"`, nil
	}
	key := r.prefix + "/" + name
	if tag, ok := s.tags.Load(key); ok {
		return tag.(string), nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, content); err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	tag := `"` + hex.EncodeToString(h.Sum(nil)[:12]) + `"`
	s.tags.Store(key, tag)
	return tag, nil
}

// pageType is the type of a file of the front end; its texts are UTF-8.
func pageType(name string) string {
	t := fileType(name)
	if strings.HasPrefix(t, "text/") || t == "application/javascript" {
		t += "; charset=utf-8"
	}
	return t
}
