package api

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/graph/ojson"
)

// ownPrefix is of our own routes.
const ownPrefix = "/oneactor"

// ownError is an error of our own routes.
func ownError(status int, kind, message, details string) error {
	return refuseJSON(status, ojson.NewObject("error", ojson.NewObject("type", kind, "message", message, "details", details)))
}

// own makes every error of a handler JSON.
func own(h handler) handler {
	return func(c *gin.Context) error {
		err := h(c)
		var r *refusal
		var large *http.MaxBytesError
		switch {
		case err == nil, errors.As(err, &r), c.Request.Context().Err() != nil:
			return err
		case errors.As(err, &large):
			return ownTooLarge(large.Limit)
		}
		for _, k := range ownKinds {
			if errors.Is(err, k.is) {
				return ownError(k.status, k.kind, k.message, err.Error())
			}
		}
		slog.Error("request failed", "method", c.Request.Method, "path", c.Request.URL.Path, "problem", err)
		return ownError(http.StatusInternalServerError, "internal_error", "The server could not do it", err.Error())
	}
}

// ownKinds are errors of the host and how they are answered; the first that fits counts.
var ownKinds = []struct {
	is            error
	status        int
	kind, message string
}{
	{frontend.ErrName, http.StatusBadRequest, "bad_name", "No file may have this name"},
	{frontend.ErrValue, http.StatusBadRequest, "bad_value", "The value cannot be set"},
	{fs.ErrNotExist, http.StatusNotFound, "not_found", "There is no such thing"},
	{fs.ErrExist, http.StatusConflict, "exists", "The name is taken"},
	{frontend.ErrDamaged, http.StatusUnprocessableEntity, "damaged", "The file cannot be used"},
}

func ownTooLarge(limit int64) error {
	return ownError(http.StatusRequestEntityTooLarge, "too_large", "The request is too large",
		fmt.Sprintf("it may have %d bytes; start the server with a larger --max-upload-size", limit))
}
