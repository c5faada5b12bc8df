# -*- encoding: utf-8 -*-
# stub: native 1.0.0 x86_64-linux lib

Gem::Specification.new do |s|
  s.name = 'native'
  s.version = Gem::Version.new("1.0.0")
  s.platform = "x86_64-linux".freeze
  s.license = "MIT"
end
