# perl: regular expressions, big numbers, digests, pack, formats, closures, references, files, processes.
use strict; use warnings;
use List::Util qw(sum reduce first shuffle max); use Digest::SHA qw(sha256_hex sha512_base64 sha1_hex); use Digest::MD5 qw(md5_hex);
use Math::BigInt; use Math::BigFloat; use Data::Dumper; use Storable qw(freeze thaw dclone); use MIME::Base64; use Encode; use Time::Local;
use POSIX qw(floor ceil fmod strftime); use Text::Wrap; use Scalar::Util qw(blessed weaken looks_like_number);
$Data::Dumper::Sortkeys = 1; $Data::Dumper::Indent = 1;
my $seed = 12345; sub rnd { $seed = ($seed * 1103515245 + 12345) & 0x7fffffff; return ($seed >> 8) % $_[0] }

my @words = map { join '', map { chr(97 + rnd(26)) } 1 .. 3 + rnd(6) } 1 .. 2000; my %count; $count{substr $_, 0, 2}++ for @words;
print join(' ', map { "$_=$count{$_}" } (sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count)[0 .. 9]), "\n";
my $text = join ' ', @words; my $n = 0; $n++ while $text =~ /\b(\w)\w*\1\b/g; print "$n ", sha256_hex($text), "\n";
(my $swap = $text) =~ s/(\w+) (\w+)/$2 \U$1/g; print sha1_hex($swap), ' ', length $swap, "\n";
print join('|', $text =~ /(?<!\w)(?:a(?=[b-m])|z(?![aeiou]))\w{2,5}(?!\w)/g), "\n"; my $re = qr/(\((?:[^()]++|(?1))*\))/;
print "nested: $1\n" if 'f(a(b)c(d(e)))g)' =~ $re; print join(',', 'k1=v1;k2=v2' =~ /(?<k>\w+)=(?<v>\w+)/ ? map { "$_:$+{$_}" } sort keys %+ : ()), "\n";
$_ = 'x' x 50; my $steps = () = /x{2,7}?/g; print "$steps ", tr/x/y/, " $_\n"; my $expr = '2*(3+4)-5*(6-2)'; 1 while $expr =~ s/\(([^()]+)\)/eval $1/e; print eval($expr), "\n";

print Math::BigInt->new(2)->bpow(500), "\n", Math::BigInt->new('123456789' x 8)->bmodpow(77, Math::BigInt->new('987654321' x 3)), "\n";
Math::BigFloat->accuracy(60); print Math::BigFloat->new(2)->bsqrt, ' ', Math::BigFloat->bpi(60), ' ', Math::BigFloat->new(10)->blog, "\n";
printf "%.15g %.10e %5.2f|%-8s|%08.3f|%x|%o|%b|%+d|%s\n", 1 / 3, 2 ** 0.5, 2.675, 'ab', -3.14159, 255, 8, 10, 5, 1e21;
print join(' ', map { sprintf '%.12g', $_ } floor(-2.5), ceil(2.1), fmod(10, 3.3), int(-7 / 2), 7 % -3, -7 % 3, 10 ** 15 / 3, 0.1 + 0.2, 1e308 * 10, 9**20), "\n";
print join(',', unpack('H*', pack('nNvVqQ>fdA5xZ*w', 1, 2, 3, 4, -5, 6, 1.5, -2.5, 'abc', 'zed', 300))), ' ', unpack('%32C*', $text), "\n";
my ($x, $y, @z) = unpack 'l< s> (a2)*', pack 'l< s> a6', -70000, -300, 'abcdef'; print "$x $y @z\n";

my @m = map { my $i = $_; [map { ($i * 31 + $_ * 17) % 10 } 0 .. 19] } 0 .. 19; my @p = @m;
for (1 .. 4) { my @q; for my $i (0 .. 19) { for my $j (0 .. 19) { $q[$i][$j] = sum(map { $p[$i][$_] * $m[$_][$j] } 0 .. 19) % 1009 } } @p = @q }
print md5_hex(join ',', map { @$_ } @p), "\n"; my %h = (list => [1, { a => undef }, \'s'], code => 'x', "k\n" => -1.5); print Dumper(\%h);
my $copy = thaw(freeze(\%h)); print Dumper(dclone($copy)) eq Dumper(\%h) ? "same\n" : "differs\n"; print encode_base64(sha512_base64('x' x 1000), ''), "\n";
print encode('UTF-8', decode('iso-8859-1', "\xe9t\xe9")), ' ', length(decode('UTF-8', "\xe4\xb8\xad\xe6\x96\x87")), ' ', uc(decode('UTF-8', "\xc3\xa9")) eq "\x{c9}" ? 1 : 0, "\n";
print strftime('%F %T %j', gmtime 1700000000), ' ', timegm(0, 0, 0, 29, 1, 2000), "\n"; $Text::Wrap::columns = 40; print wrap('', '  ', substr $text, 0, 300), "\n";

package Shape { sub new { my ($c, %a) = @_; bless {%a}, $c } sub area { 0 } sub name { ref shift } sub DESTROY { $main::gone++ } }
package Box { our @ISA = 'Shape'; sub area { $_[0]{w} * $_[0]{h} } use overload '+' => sub { Box->new(w => $_[0]{w} + $_[1]{w}, h => $_[0]{h}) }, '""' => sub { "Box($_[0]{w}x$_[0]{h})" }, '<=>' => sub { $_[0]->area <=> $_[1]->area } }
package main; our $gone = 0;
{ my @b = map { Box->new(w => $_ % 7 + 1, h => $_ % 5 + 1) } 1 .. 30; print join(' ', (sort { $a <=> $b || "$a" cmp "$b" } @b)[0 .. 5]), ' ', $b[0] + $b[1], ' ', $b[3]->name, "\n" } print "gone $gone\n";
my @subs = map { my $k = $_; sub { $k += shift; $k } } 1 .. 5; $_->(10) for @subs; print join(' ', map { $_->(1) } @subs), "\n";
sub hanoi { my ($n, $a, $b, $c, $f) = @_; return 0 unless $n; hanoi($n - 1, $a, $c, $b, $f) + 1 + hanoi($n - 1, $c, $b, $a, $f) } print hanoi(12, 'a', 'b', 'c'), "\n";
my $fact = reduce { $a * $b } 1 .. 20; print "$fact ", (first { $_ > 50 && !($_ % 13) } 1 .. 100), ' ', max(map { length } @words), "\n";
my @s = sort { $a->[1] <=> $b->[1] || $a->[0] cmp $b->[0] } map { [$_, length] } @words; print join(' ', map { $_->[0] } @s[0 .. 5, -3 .. -1]), "\n";
open my $o, '>', 'out.txt' or die; printf $o "%s\t%d\n", $words[$_], $_ for 0 .. 499; close $o; open my $i, '<', 'out.txt' or die; my $total = 0; while (<$i>) { my ($w, $k) = split /\t/; $total += $k * length $w } print "$total $.\n"; close $i;
my $pid = open my $kid, '-|'; if (!$pid) { print "child ", join(',', map { $_ ** 2 } 1 .. 5), "\n"; exit 3 } print scalar <$kid>; close $kid; print $? >> 8, ' ', `echo sub | tr a-z A-Z`;
local $SIG{ALRM} = sub { die "alarm\n" }; eval { alarm 1; 1 while 1; }; print $@; eval { my $z = 1 / 0 }; print $@ =~ /division by zero/ ? "zero\n" : "no\n"; eval { die { code => 42 } }; print $@->{code}, "\n";
local $~ = 'ROW'; our ($fa, $fb);
format ROW =
@<<<<<<< @>>>>> @##.##
$fa, $fb, length($fa) / 3
.
for (@words[0 .. 3]) { $fa = $_; $fb = length; write }
printf "%s\n", join ' ', map { sprintf '%vd', $_ } '1.22.333', 'a.b'; print "done\n";
