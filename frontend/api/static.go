package api

import (
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	_ "embed"
)

// frontEnd is where the pages come from.
type frontEnd struct {
	root      fs.FS // nil shows the page that says how to get one
	templates fs.FS // workflow templates, nil without
	docs      fs.FS // documentation of nodes, nil without
}

//go:embed page.html
var builtInPage []byte

// CheckFrontEnd says what is wrong with a folder that is to be the front end.
func CheckFrontEnd(dir string) error {
	if dir == "" {
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, "index.html")); err != nil {
		return errors.New("--front-end-root " + dir + ": no index.html is there; of the PyPI package it is the folder comfyui_frontend_package/static")
	}
	return nil
}

// newFrontEnd serves a folder. The packages of ComfyUI's front end lie side by side, so those with templates and documentation are found.
func newFrontEnd(dir string, own fs.FS) frontEnd {
	if dir == "" {
		return frontEnd{root: own}
	}
	f := frontEnd{root: os.DirFS(dir)}
	packages := filepath.Join(dir, "..", "..")
	if t := filepath.Join(packages, "comfyui_workflow_templates", "templates"); isFolder(t) {
		f.templates = os.DirFS(t)
	}
	if d := filepath.Join(packages, "comfyui_embedded_docs", "docs"); isFolder(d) {
		f.docs = os.DirFS(d)
	}
	return f
}

func isFolder(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && info.IsDir()
}

func (s *Server) staticRoutes(r routes) {
	r.get("/extensions", s.getExtensions)
	for _, p := range []string{"/", "/api/"} {
		r.bare(http.MethodGet, p, s.getIndex)
	}
	s.router.NoRoute(answer(s.getStatic))
	s.router.NoMethod(func(c *gin.Context) {
		c.Data(http.StatusMethodNotAllowed, "text/plain; charset=utf-8", []byte("405: Method Not Allowed"))
	})
}

// getIndex sends the first page.
func (s *Server) getIndex(c *gin.Context) error {
	c.Header("Cache-Control", "no-cache")
	c.Header("Pragma", "no-cache")
	c.Header("Expires", "0")
	if s.front.root == nil {
		c.Data(http.StatusOK, "text/html; charset=utf-8", builtInPage)
		return nil
	}
	return s.sendFrom(c, s.front.root, "index.html")
}

// getStatic sends a file of the front end; it is asked when no route fits.
func (s *Server) getStatic(c *gin.Context) error {
	if c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead {
		c.Header("Allow", "GET,HEAD")
		return refuse(http.StatusMethodNotAllowed, "405: Method Not Allowed")
	}
	notFound := refuse(http.StatusNotFound, "404: Not Found")
	name, err := url.PathUnescape(c.Request.URL.EscapedPath())
	name = strings.TrimPrefix(name, "/")
	if err != nil || !fs.ValidPath(name) || name == "." || strings.Contains(name, `\`) {
		return notFound
	}
	for prefix, files := range map[string]fs.FS{"templates/": s.front.templates, "docs/": s.front.docs} {
		if rest, ok := strings.CutPrefix(name, prefix); ok && files != nil {
			return s.sendFrom(c, files, rest)
		}
	}
	if s.front.root == nil {
		return notFound
	}
	return s.sendFrom(c, s.front.root, name)
}

// sendFrom sends a file of a tree.
func (s *Server) sendFrom(c *gin.Context, files fs.FS, name string) error {
	f, err := files.Open(name)
	if err != nil {
		return refuse(http.StatusNotFound, "404: Not Found")
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		return refuse(http.StatusNotFound, "404: Not Found")
	}
	content, ok := f.(interface {
		Read([]byte) (int, error)
		Seek(int64, int) (int64, error)
	})
	if !ok {
		return errors.New("the front end's file " + name + " can't be read in parts")
	}
	h := c.Writer.Header()
	h.Set("Content-Type", fileType(name))
	if path.Ext(name) == ".html" {
		h.Set("Content-Type", "text/html")
	}
	if t := info.ModTime(); !t.IsZero() && t.After(time.Unix(0, 0)) {
		h.Set("ETag", `"`+strconv.FormatInt(t.UnixNano(), 16)+"-"+strconv.FormatInt(info.Size(), 16)+`"`)
	}
	http.ServeContent(c.Writer, c.Request, "", info.ModTime(), content)
	return nil
}

// getExtensions lists the scripts that the front end loads when it starts.
func (s *Server) getExtensions(c *gin.Context) error {
	list := []any{}
	if s.front.root != nil {
		err := fs.WalkDir(s.front.root, "extensions", func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && path.Ext(name) == ".js" {
				list = append(list, "/"+name)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return sendJSON(c, list)
}
