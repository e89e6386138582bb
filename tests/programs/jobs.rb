# ruby: collections, strings, big numbers, regular expressions, fibers, exceptions, objects, libraries.
require 'set'; require 'digest'; require 'json'; require 'bigdecimal'; require 'bigdecimal/math'; require 'strscan'; require 'zlib'; require 'stringio'; require 'erb'; require 'time'
srand(42); r = Random.new(1)
words = Array.new(2000) { Array.new(2 + r.rand(7)) { (97 + r.rand(26)).chr }.join }
puts words.group_by(&:size).map { |k, v| [k, v.size, v.min] }.sort.inspect, words.each_slice(7).map(&:first).each_cons(2).count { |a, b| a < b }
puts words.tally.select { |_, n| n > 1 }.keys.sort.first(8).inspect, Digest::SHA256.hexdigest(words.join), words.partition { |w| w =~ /[aeiou]{2}/ }.map(&:size).inspect
puts words.lazy.map(&:upcase).reject { |w| w.include?('A') }.each_with_index.map { |w, i| "#{i}#{w}" }.first(5).inspect, words.sort_by { |w| [-w.size, w] }.first(3).inspect
puts (1..200).inject(:*), 3**1000 % 10**40, 12345678901234567890.gcd(9876543210), 2**64 - 1 & 0xffff_0000_ffff, (-7).divmod(2).inspect, 7.pow(1000, 1000007), Integer.sqrt(10**41), 255.digits(16).inspect
puts BigDecimal('2').sqrt(60).round(50).to_s, BigMath.PI(60).round(55).to_s, (BigDecimal('1') / 3).round(40).to_s, Rational(3, 7) + Rational('0.25'), Complex(1, 2)**3
puts [1.0 / 3, 2.5.round, 3.5.round, -2.5.round(half: :even), 1e23, 1e-7, 100.0, 0.1 + 0.2, 1.23456789012345e+100].inspect, '%.10f|%e|%+08.2f|%x|%-6s|%b' % [Math.sqrt(2), 12345.678, 3.14159, 255, 'ab', 10]
h = { 'a' => [1, 2.5, nil, true], 'b' => { 'c' => "q\"\u00e9\n" }, 'n' => 10**25 }; s = JSON.generate(h); puts s, JSON.parse(s) == h, JSON.pretty_generate(h).size
begin; JSON.parse('{"a": }'); rescue JSON::ParserError => e; puts e.class; end
ss = StringScanner.new('let x1 = 42 + (y - 7) * "str"; # end'); tokens = []
until ss.eos?
  if ss.skip(/\s+/) then next
  elsif t = ss.scan(/\d+/) then tokens << [:num, t]
  elsif t = ss.scan(/[a-z]\w*/) then tokens << [:id, t]
  elsif t = ss.scan(/"[^"]*"/) then tokens << [:str, t]
  elsif ss.scan(/#.*/) then tokens << [:comment]
  else tokens << [:op, ss.getch] end
end
p tokens
puts 'John Smith, Ann Lee'.gsub(/(?<f>\w+) (?<l>\w+)/, '\k<l> \k<f>'), 'a1b22c333'.scan(/[a-z]\d+/).inspect, 'foo.bar(baz)'.tr('a-y', 'b-z'), "caf\u00e9".unicode_normalize(:nfd).bytes.inspect, 'abc'.succ, 'az'.upto('bc').to_a.inspect, 'x,y;z'.split(/[,;]/).inspect, 'hello world'.each_char.chunk_while { |a, b| a <= b }.map(&:join).inspect
fib = Fiber.new { a, b = 0, 1; loop { Fiber.yield a; a, b = b, a + b } }; puts Array.new(60) { fib.resume }.last(3).inspect
gen = Enumerator.new { |y| n = 2; loop { y << n if (2..Integer.sqrt(n)).none? { |d| (n % d).zero? }; n += 1 } }; puts gen.lazy.select { |x| x % 4 == 3 }.first(15).inspect
e = [1, 2, 3].each; out = []; begin; loop { out << e.next << e.peek }; rescue StopIteration; end; p out
fibers = (1..50).map { |i| Fiber.new { |x| 20.times { x = Fiber.yield(x + i) }; :done } }; sums = fibers.map { |f| v = 0; 20.times { v = f.resume(v) }; v }; puts sums.sum
module Loud; def speak; super.upcase + '!'; end; end
class Animal; include Comparable; attr_reader :n; def initialize(n) = @n = n; def <=>(o) = n <=> o.n; def speak = "i am #{n}"; def method_missing(m, *a) = m.to_s.start_with?('get_') ? "got #{m[4..]} #{a}" : super; def respond_to_missing?(m, p = false) = m.to_s.start_with?('get_'); end
class Dog < Animal; prepend Loud; end
d = Dog.new(5); puts d.speak, d.get_bone(1, 2), d.clamp(Animal.new(1), Animal.new(3)).n, Dog.ancestors.first(3).inspect, (begin; d.nothing; rescue NoMethodError => x; x.message[0, 30]; end)
P = Struct.new(:x, :y) { def +(o) = P.new(x + o.x, y + o.y) }; puts (P.new(1, 2) + P.new(3, 4)).inspect, P.new(1, 2) == P.new(1, 2), { P.new(1, 2) => 1 }[P.new(1, 2)]
def risky(n) = n.zero? ? raise(ArgumentError, 'deep') : risky(n - 1)
begin; risky(100); rescue ArgumentError => x; puts x.message, x.backtrace.size > 100; else puts 'no'; ensure puts 'ensured'; end
puts catch(:found) { (1..100).each { |i| (1..100).each { |j| throw :found, [i, j] if i * j == 2021 } }; nil }.inspect
case { name: 'x', tags: [1, 2, 3], pos: { lat: 5 } }
in { name: String => nm, tags: [first, *rest], pos: { lat: Integer => la } } then p [nm, first, rest, la] end
z = Zlib::Deflate.deflate(words.join(' ')); puts z.size, Zlib.crc32(z), Zlib::Inflate.inflate(z) == words.join(' '); puts ERB.new('<% 3.times do |i| %>[<%= i * 2 %>]<% end %>').result
puts Time.at(1700000000).utc.iso8601, Time.utc(2000, 2, 29).yday, (Time.utc(2024, 3, 1) - Time.utc(2024, 2, 1)) / 86400, Time.parse('2020-01-02 03:04:05 UTC').strftime('%a %j %H')
m = Array.new(30) { |i| Array.new(30) { |j| (i * j + i) % 11 } }; q = m; 3.times { q = q.map { |row| m.transpose.map { |c| row.zip(c).sum { |a, b| a * b } % 997 } } }; puts Digest::MD5.hexdigest(q.flatten.join(','))
def life(c) = c.flat_map { |x, y| [-1, 0, 1].product([-1, 0, 1]).map { |a, b| [x + a, y + b] } }.tally.select { |k, n| n == 3 || n == 4 && c.include?(k) }.keys.to_set
cells = Set[[0, 1], [1, 2], [2, 0], [2, 1], [2, 2], [5, 5], [5, 6], [5, 7]]; 24.times { cells = life(cells) }; p cells.sort
memo = Hash.new { |hh, (a, b)| hh[[a, b]] = a.zero? || b.zero? ? 1 : hh[[a - 1, b]] + hh[[a, b - 1]] }; puts memo[[16, 16]]
GC.start; GC.stress = false; x = nil; 20000.times { |i| x = [i.to_s * 3, x && x[0]] }; GC.compact rescue nil; puts x.inspect, ObjectSpace.respond_to?(:count_objects)
rd, wr = IO.pipe; pid = fork { rd.close; wr.puts "child #{Process.pid > 0}"; exit!(7) }; wr.close; puts rd.read, Process.wait2(pid)[1].exitstatus, `echo sub; exit 3`.upcase, $?.exitstatus
File.write('out.rb.txt', words.first(100).join("\n")); puts File.foreach('out.rb.txt').map(&:chomp).each_with_index.sum { |w, i| w.size * i }, ObjectSpace.each_object(Class).first.class, [3, 1, 2].pack('C*').unpack1('H*'), [1.5, -2].pack('eq>').unpack('eq>').inspect
