# -*- encoding: utf-8 -*-
# stub: json 2.6.1 ruby lib
# stub: ext/json/ext/generator/extconf.rb

Gem::Specification.new do |s|
  s.name = "json".freeze
  s.version = "2.6.1"

  s.required_rubygems_version = Gem::Requirement.new(">= 0".freeze) if s.respond_to? :required_rubygems_version=
  s.licenses = ["Ruby".freeze, "BSD-2-Clause".freeze]
  s.add_runtime_dependency(%q<x>.freeze, [">= 0.3.0"])
  s.add_development_dependency(%q<never>.freeze, [">= 0"])
  s.add_dependency "y", "~> 1"
  s.add_dependency(%q<x>.freeze, [">= 0.3.0"])
end
