# What a test sees of irssi, and has it do: see `irc_program.rs`, whose words this speaks.
#
# Loaded as irssi starts. It types what the test says, and tells it each line that comes and goes, each text that is
# shown, and who is listed in each channel whenever that is another. It changes nothing.
use strict;
use warnings;
use IO::Socket::INET;
use Irssi;

our $VERSION = '1';

my $test = IO::Socket::INET->new("127.0.0.1:$ENV{ROUNDSMAN_TEST_PORT}") or die "no test: $!";
$test->autoflush(1);
my ($said, %listed) = ('');

sub report { print $test join("\t", map { tr/\t\r\n/ /r } @_), "\n" }

# Somebody types this into the window of a channel, or of the server if none is named.
sub type_in {
    my ($where, $text) = split /\t/, shift, 2;
    my $server = Irssi::active_server();
    my $item = $server && $where ne '' ? $server->window_item_find($where) : undef;
    ($item ? $item->window : Irssi::window_find_refnum(1))->set_active;
    Irssi::signal_emit('send command', $text, $server, $item);
}

Irssi::input_add(fileno $test, Irssi::INPUT_READ, sub {
    # A test that is gone wants nothing more.
    sysread($test, $said, 4096, length $said) or return Irssi::command('quit');
    type_in($1) while $said =~ s/^(.*)\n//;
}, undef);

Irssi::signal_add_first('rawlog', sub {
    my ($way, $line) = $_[1] =~ /^(<<|>>) (.*)/s or return;
    report($way eq '<<' ? 'sent' : 'got', $line);
});

Irssi::signal_add('print text', sub {
    my ($dest, undef, $text) = @_;
    report('shown', $dest->{target} // '', $text);
});

Irssi::signal_add_last('server incoming', sub {
    for my $channel (Irssi::channels()) {
        my @nicks = map { ($_->{op} ? '@' : $_->{voice} ? '+' : '') . $_->{nick} } $channel->nicks;
        my ($name, $list) = ($channel->{name}, join ' ', sort @nicks);
        report('listed', $name, $listed{$name} = $list) if $list ne ($listed{$name} // '');
    }
});
