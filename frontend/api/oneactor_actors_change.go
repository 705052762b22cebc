package api

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/graph/ojson"
)

const changeExample = `{"name": "people/ann", "origin": "…", "licence": "…", "prompt": "…"}, or some of these`

// changeActor gives an actor another name, which nobody may have, and sets what is said about it. All of it happens, or nothing.
func (s *Server) changeActor(c *gin.Context) error {
	name, err := ownName(c.Param("name"))
	if err != nil {
		return err
	}
	body, err := readFields(c, changeExample, "name", "origin", "licence", "prompt")
	if err != nil {
		return err
	}
	fields := map[string]string{}
	for key, value := range body.All() {
		text, ok := value.(string)
		if !ok {
			return ownError(http.StatusBadRequest, "bad_value", "The value cannot be set", key+" is no text; send "+changeExample)
		}
		fields[key] = text
	}
	to, rename := fields["name"]
	delete(fields, "name")
	if rename {
		if to, err = ownName(to); err != nil {
			return err
		}
	}
	s.files.Lock()
	defer s.files.Unlock()
	ctx := c.Request.Context()
	before, err := s.host.ShowActor(name)
	if err != nil {
		return err
	}
	now := before.Name
	if rename {
		now, err = s.host.RenameActor(ctx, name, to, fields)
	} else {
		err = s.host.SetActor(ctx, name, fields)
	}
	if err != nil {
		return err
	}
	if now != before.Name {
		if err := s.unshare(c, before.Name); err != nil {
			return err
		}
	}
	return s.sendChanged(c, http.StatusOK, now)
}

// deleteActor moves an actor into the trash, from where restoreActor brings it back.
func (s *Server) deleteActor(c *gin.Context) error {
	name, err := ownName(c.Param("name"))
	if err != nil {
		return err
	}
	s.files.Lock()
	defer s.files.Unlock()
	a, err := s.host.ShowActor(name)
	if err != nil {
		return err
	}
	at, err := s.host.TrashActor(c.Request.Context(), name)
	if err != nil {
		return err
	}
	if err := s.unshare(c, a.Name); err != nil {
		return err
	}
	return sendJSON(c, ojson.NewObject("name", a.Name, "trash", at))
}

// restoreActor brings back the actor that was deleted last under a name.
func (s *Server) restoreActor(c *gin.Context) error {
	name, err := ownName(c.Param("name"))
	if err != nil {
		return err
	}
	s.files.Lock()
	defer s.files.Unlock()
	restored, err := s.host.RestoreActor(c.Request.Context(), name)
	if err != nil {
		return err
	}
	return s.sendChanged(c, http.StatusOK, restored)
}

// importActor takes a file in. Where its name is taken, the new one gets a number.
func (s *Server) importActor(c *gin.Context) error {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, s.config.MaxUploadBytes)
	err := c.Request.ParseMultipartForm(memoryOfForm)
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return err
	}
	if err != nil {
		return badImport(err.Error())
	}
	form := c.Request.MultipartForm
	defer form.RemoveAll()
	for key := range form.Value {
		if key != "name" && key != "origin" && key != "licence" {
			return badImport(fmt.Sprintf("there is no field %q", key))
		}
	}
	files := form.File["file"]
	if len(files) != 1 || len(form.File) != 1 {
		return badImport("it must have one file")
	}
	value := func(key string) string { return strings.Join(form.Value[key], "") }
	name := value("name")
	if name == "" {
		name = strings.TrimSuffix(files[0].Filename, ".safetensors")
	}
	if name, err = ownName(name); err != nil {
		return err
	}
	stored, err := s.takeIn(c, files[0], name, value("origin"), value("licence"))
	if err != nil {
		return err
	}
	c.Header("Location", ownPrefix+"/actors/"+url.PathEscape(filepath.ToSlash(stored)))
	return s.sendChanged(c, http.StatusCreated, stored)
}

func badImport(why string) error {
	return ownError(http.StatusBadRequest, "bad_request", "The upload cannot be understood",
		why+"; send multipart/form-data with the field file, and name, origin and licence if you like")
}

// takeIn imports an upload by way of a temporary file.
func (s *Server) takeIn(c *gin.Context, upload *multipart.FileHeader, name, origin, licence string) (string, error) {
	in, err := upload.Open()
	if err != nil {
		return "", err
	}
	defer in.Close()
	f, err := os.CreateTemp("", "oneactor-import-*.safetensors")
	if err != nil {
		return "", err
	}
	defer os.Remove(f.Name())
	_, err = io.Copy(f, in)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	stored, err := s.host.ImportActor(c.Request.Context(), f.Name(), name, origin, licence)
	if err != nil {
		return "", withName(err, f.Name(), upload.Filename)
	}
	return stored, nil
}

// renamed is an error that says another name of a file.
type renamed struct {
	error
	text string
}

func (r renamed) Error() string { return r.text }
func (r renamed) Unwrap() error { return r.error }

// withName tells of a file by the name that the client knows.
func withName(err error, path, name string) error {
	return renamed{err, strings.ReplaceAll(err.Error(), path, name)}
}

// sendChanged answers with an actor that has changed, and lets other processes have it.
func (s *Server) sendChanged(c *gin.Context, status int, name string) error {
	if s.config.Files != nil {
		if err := s.config.Files.Uploaded(c.Request.Context(), "actors", filepath.ToSlash(name)); err != nil {
			return err
		}
	}
	a, err := s.host.ShowActor(name)
	if err != nil {
		return err
	}
	body, err := ojson.Marshal(actorObject(a), ojson.Python)
	if err != nil {
		return err
	}
	send(c, status, jsonType, body)
	return nil
}

// unshare takes an actor from other processes.
func (s *Server) unshare(c *gin.Context, name string) error {
	if s.config.Files == nil {
		return nil
	}
	return s.config.Files.Removed(c.Request.Context(), "actors", filepath.ToSlash(name))
}
