# What a test sees of weechat, and has it do: see `irc_program.rs`, whose words this speaks.
#
# Loaded as weechat starts. It types what the test says, and tells it each line that comes and goes, each text that is
# shown, and who is listed in each channel whenever that is another. It changes nothing.
use strict;
use warnings;
use IO::Socket::INET;

weechat::register('test', 'roundsman', '1', 'Apache-2.0', 'In the hands of a test', '', '');

my $test = IO::Socket::INET->new("127.0.0.1:$ENV{ROUNDSMAN_TEST_PORT}") or die "no test: $!";
$test->autoflush(1);
my ($said, %listed) = ('');

sub report { print $test join("\t", map { tr/\t\r\n/ /r } @_), "\n" }

# Somebody types this into the buffer of a channel, or of the server if none is named.
sub type_in {
    my ($where, $text) = split /\t/, shift, 2;
    weechat::command(weechat::info_get('irc_buffer', "chat,$where"), $text);
}

sub told {
    # A test that is gone wants nothing more.
    sysread($test, $said, 4096, length $said) or weechat::command('', '/quit');
    type_in($1) while $said =~ s/^(.*)\n//;
    return weechat::WEECHAT_RC_OK();
}
weechat::hook_fd(fileno $test, 1, 0, 0, 'told', '');

sub got { report('got', $_[2]); return weechat::WEECHAT_RC_OK() }
sub sent { report('sent', $_[2]); return weechat::WEECHAT_RC_OK() }
weechat::hook_signal('chat,irc_raw_in_*', 'got', '');
weechat::hook_signal('chat,irc_out_*', 'sent', '');

sub shown {
    my (undef, $buffer, undef, undef, undef, undef, $prefix, $text) = @_;
    my $where = weechat::buffer_get_string($buffer, 'localvar_type') eq 'server' ? ''
        : weechat::buffer_get_string($buffer, 'localvar_channel');
    report('shown', $where, weechat::string_remove_color("$prefix $text", ''));
    return weechat::WEECHAT_RC_OK();
}
weechat::hook_print('', '', '', 0, 'shown', '');

sub look {
    my $channels = weechat::infolist_get('irc_channel', '', 'chat');
    while (weechat::infolist_next($channels)) {
        my $name = weechat::infolist_string($channels, 'name');
        my $nicks = weechat::infolist_get('irc_nick', '', "chat,$name");
        my @nicks;
        while (weechat::infolist_next($nicks)) {
            my $rank = weechat::infolist_string($nicks, 'prefix') =~ s/ //r;
            push @nicks, $rank . weechat::infolist_string($nicks, 'name');
        }
        weechat::infolist_free($nicks);
        my $list = join ' ', sort @nicks;
        report('listed', $name, $listed{$name} = $list) if $list ne ($listed{$name} // '');
    }
    weechat::infolist_free($channels);
    return weechat::WEECHAT_RC_OK();
}
weechat::hook_signal('chat,irc_in2_*', 'look', '');
