package api

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/graph/ojson"
)

func (s *Server) userdataRoutes(r routes) {
	r.get("/userdata", s.listUserdata)
	r.get("/v2/userdata", s.listUserdataV2)
	r.get("/userdata/:file", s.getUserdata)
	r.post("/userdata/:file", s.postUserdata)
	r.delete("/userdata/:file", s.deleteUserdata)
	r.post("/userdata/:file/move/:dest", s.moveUserdata)
}

// userFile is a file of the user of a request, named by a part of the path in which slashes are %2F.
func (s *Server) userFile(c *gin.Context, param string) (area, string, error) {
	a, err := s.users.area(c)
	if err != nil {
		return a, "", err
	}
	name := c.Param(param)
	if strings.Contains(name, "%") { // some clients encode twice
		if plain, err := url.PathUnescape(name); err == nil {
			name = plain
		}
	}
	local, err := a.local(name)
	if err != nil || local == "." {
		return a, "", refuse(http.StatusForbidden, "")
	}
	return a, local, nil
}

func (s *Server) getUserdata(c *gin.Context) error {
	a, name, err := s.userFile(c, "file")
	if err != nil {
		return err
	}
	f, info, err := a.open(name)
	if err != nil {
		return refuseFile(err)
	}
	defer f.Close()
	c.Header("Content-Type", userFileType(name))
	serveFile(c, f, info)
	return nil
}

// invalidName is what ComfyUI says of a name that the file system refuses.
const invalidName = `Invalid filename. Please avoid special characters like :\/*?"<>|`

func (s *Server) postUserdata(c *gin.Context) error {
	a, name, err := s.userFile(c, "file")
	if err != nil {
		return err
	}
	data, err := s.readBody(c)
	if err != nil {
		return err
	}
	err = a.write(name, c.Query("overwrite") != "false", bytes.NewReader(data))
	if err != nil {
		return refuseWrite(name, err)
	}
	return s.sendUserFile(c, a, name)
}

// refuseWrite answers for a file that can't be written.
func refuseWrite(name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrExist):
		return refuse(http.StatusConflict, "File already exists")
	case errors.Is(err, errOutside):
		return refuse(http.StatusForbidden, "")
	}
	slog.Warn("a user's file can't be saved", "file", name, "problem", err)
	return refuse(http.StatusBadRequest, invalidName)
}

// sendUserFile answers with the name of a file, or what is known of it.
func (s *Server) sendUserFile(c *gin.Context, a area, name string) error {
	if !yes(c.Query("full_info")) {
		return sendJSON(c, name)
	}
	f, info, err := a.open(name)
	if err != nil {
		return err
	}
	f.Close()
	return sendJSON(c, fileInfo(name, info))
}

func yes(text string) bool { return strings.EqualFold(text, "true") }

func (s *Server) deleteUserdata(c *gin.Context) error {
	a, name, err := s.userFile(c, "file")
	if err != nil {
		return err
	}
	if !a.exists(name) {
		return refuse(http.StatusNotFound, "")
	}
	err = a.with(name, func(root *os.Root, name string) error { return root.Remove(filepath.FromSlash(name)) })
	if err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func (s *Server) moveUserdata(c *gin.Context) error {
	a, from, err := s.userFile(c, "file")
	if err != nil {
		return err
	}
	if !a.exists(from) {
		return refuse(http.StatusNotFound, "")
	}
	_, to, err := s.userFile(c, "dest")
	if err != nil {
		return err
	}
	err = a.with(to, func(root *os.Root, to string) error {
		if err := root.MkdirAll(filepath.FromSlash(path.Dir(to)), 0o777); err != nil {
			return err
		}
		if c.Query("overwrite") == "false" {
			if _, err := root.Lstat(filepath.FromSlash(to)); err == nil {
				return fs.ErrExist
			}
		}
		return root.Rename(filepath.FromSlash(from), filepath.FromSlash(to))
	})
	if err != nil {
		return refuseWrite(to, err)
	}
	return s.sendUserFile(c, a, to)
}

// fileInfo describes a file. Times are seconds since 1970.
func fileInfo(name string, info fs.FileInfo) *ojson.Object {
	modified, created := fileTimes(info)
	return ojson.NewObject("path", name, "size", info.Size(), "modified", modified, "created", created)
}
