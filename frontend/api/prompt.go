package api

func (s *Server) promptRoutes(r routes) {}
