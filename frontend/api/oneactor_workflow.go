package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/oneactor/oneactor/graph/comfy"
	"github.com/oneactor/oneactor/graph/ojson"
)

// The canvas leaves ComfyUI's file formats to these routes: there is one implementation of them.
func (s *Server) workflowRoutes(r routes) {
	r.bare(http.MethodPost, ownPrefix+"/open", own(s.openWorkflow))
	r.bare(http.MethodPost, ownPrefix+"/convert", own(s.convertWorkflow))
	r.bare(http.MethodPost, ownPrefix+"/validate", own(s.validatePrompt))
	r.bare(http.MethodPost, ownPrefix+"/estimate", own(s.estimatePrompt))
}

// reader reads workflow files with the classes of this server.
func (s *Server) reader(limits ojson.Limits) comfy.Reader {
	return comfy.Reader{
		Definitions: comfy.FromRegistry(s.engine.Registry(), s.choices),
		Limits:      limits,
		Now:         time.Now(),
		KeepUnknown: true,
		Files:       func(folder string) []string { names, _ := s.host.Choices(folder); return names },
	}
}

// openWorkflow reads any file with a workflow in it, and answers the graph that an editor draws.
func (s *Server) openWorkflow(c *gin.Context) error {
	data, err := s.readBody(c)
	if err != nil {
		return err
	}
	name := c.DefaultQuery("name", "the file")
	f, err := s.reader(ojson.Limits{MaxBytes: len(data) + 1}).Open(data, name)
	if err != nil {
		return badWorkflow(err)
	}
	return sendJSON(c, ojson.NewObject("workflow", f.Workflow, "kind", string(f.Kind), "source", f.Source, "warnings", warnings(f.Warnings)))
}

// convertWorkflow makes the prompt of a graph. Where texts were drawn at random, the graph that is answered has what was drawn.
func (s *Server) convertWorkflow(c *gin.Context) error {
	data, err := s.readBody(c)
	if err != nil {
		return err
	}
	r := s.reader(ojson.Limits{MaxBytes: len(data) + 1})
	f, err := r.Read(data, "the workflow")
	if err != nil {
		return badWorkflow(err)
	}
	if unknown := f.Unknown(r.Definitions); unknown != nil {
		return unknownNodes(unknown)
	}
	answer := ojson.NewObject("prompt", f.Prompt, "workflow", nil, "warnings", warnings(f.Warnings))
	if f.Workflow != nil {
		answer.Set("workflow", f.Workflow)
	}
	return sendJSON(c, answer)
}

// validatePrompt answers what is wrong with a prompt as a POST to /prompt would, and queues nothing.
func (s *Server) validatePrompt(c *gin.Context) error {
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	prompt := body.Object("prompt")
	if prompt == nil {
		return ownError(http.StatusBadRequest, "bad_request", "The body cannot be understood", `there is no prompt; send {"prompt": {…}}`)
	}
	v := s.engine.Validate(prompt, nil)
	var failure any
	if !v.OK() {
		failure = v.APIError()
	}
	return sendJSON(c, ojson.NewObject("error", failure, "node_errors", v.NodeErrors()))
}

func warnings(list []comfy.Warning) []any {
	out := make([]any, len(list))
	for i, w := range list {
		out[i] = ojson.NewObject("node_id", w.NodeID, "class", w.Class, "text", w.Text)
	}
	return out
}

// badWorkflow is the answer to a file that can't be read.
func badWorkflow(err error) error {
	var unknown *comfy.UnknownError
	switch {
	case errors.As(err, &unknown):
		return unknownNodes(unknown)
	case errors.Is(err, comfy.ErrNoWorkflow):
		return ownError(http.StatusUnprocessableEntity, "no_workflow", "There is no workflow in it", err.Error())
	case errors.Is(err, ojson.ErrTooDeep), errors.Is(err, ojson.ErrTooLarge):
		return ownError(http.StatusRequestEntityTooLarge, "too_large", "The workflow is too large", err.Error())
	}
	return ownError(http.StatusUnprocessableEntity, "bad_workflow", "The workflow cannot be read", err.Error())
}

// unknownNodes names the nodes whose classes are not here.
func unknownNodes(e *comfy.UnknownError) error {
	nodes := make([]any, len(e.Nodes))
	for i, n := range e.Nodes {
		nodes[i] = ojson.NewObject("node_id", n.ID, "class", n.Class, "title", n.Title, "pack", n.Pack)
	}
	return refuseJSON(http.StatusUnprocessableEntity, ojson.NewObject("error", ojson.NewObject(
		"type", "unknown_nodes", "message", "The workflow has nodes that are not here", "details", e.Error(), "nodes", nodes)))
}
